import { after, before, beforeEach } from 'node:test';
import { type PostgresServer, startPostgres } from '../cluster/postgres-server.ts';

/** A server for the tests of a suite. */
export interface PostgresForTests {
  server: PostgresServer;
  /** Of a database that each test has for itself. */
  url: string;
}

export function postgresForTests(): PostgresForTests {
  const postgres = {} as PostgresForTests;
  before(async () => {
    postgres.server = await startPostgres();
  });
  after(() => postgres.server.remove());
  beforeEach(async () => {
    postgres.url = await postgres.server.createDatabase();
  });
  return postgres;
}
