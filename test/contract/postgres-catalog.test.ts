import { after, before } from 'node:test';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { NO_POSTGRES, type PostgresServer, startPostgres } from '../cluster/postgres-server.ts';
import { catalogContract } from './catalog/catalog-contract.ts';

if (NO_POSTGRES === null) {
  let server: PostgresServer;
  let migrated: string;
  before(async () => {
    server = await startPostgres();
    migrated = await server.createDatabase();
    await (await openPostgresCatalog(migrated)).close();
  });
  after(() => server.remove());
  catalogContract('PostgreSQL', async () => {
    const url = await server.createDatabase(migrated);
    return {
      connect: (now) => openPostgresCatalog(url, { now: async () => now() }),
      remove: async () => undefined,
    };
  });
}
