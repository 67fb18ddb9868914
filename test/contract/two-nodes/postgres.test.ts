import { after, before } from 'node:test';
import { openPostgresCatalog } from '../../../src/catalog/postgres/open-postgres.ts';
import { NO_POSTGRES, type PostgresServer, startPostgres } from '../../cluster/postgres-server.ts';
import { twoNodesContract } from './two-nodes-contract.ts';

if (NO_POSTGRES === null) {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.remove());
  twoNodesContract('PostgreSQL', async () => {
    const url = await server.createDatabase();
    return {
      connect: (now) => openPostgresCatalog(url, { now: async () => now() }),
      remove: async () => undefined,
    };
  });
}
