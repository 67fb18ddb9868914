import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { catalogContract } from './catalog/catalog-contract.ts';

catalogContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-catalog-'));
  return {
    connect: (now) => openSqliteCatalog(join(folder, 'catalog.sqlite'), now),
    remove: () => rm(folder, { recursive: true }),
  };
});
