import { after, before, describe } from 'node:test';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { noPostgres, type PostgresServer, startPostgres } from '../cluster/postgres-server.ts';
import { catalogContract } from './catalog/catalog-contract.ts';

for (const age of ['newest', 'oldest'] as const) {
  describe(`on the ${age} version`, { skip: noPostgres(age) ?? false }, () => {
    let server: PostgresServer;
    let migrated: string;
    before(async () => {
      server = await startPostgres(age);
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
  });
}
