import { after, before } from 'node:test';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { otherNodeContract } from './other-node-contract.ts';
import { NO_POSTGRES, type PostgresServer, startPostgres } from './postgres-server.ts';

if (NO_POSTGRES === null) {
  let server: PostgresServer;
  let url: string;
  before(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
  });
  after(() => server.remove());
  otherNodeContract('on PostgreSQL', true, () => openPostgresCatalog(url));
}
