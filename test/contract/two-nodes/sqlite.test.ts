import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalNews } from '../../../src/catalog/local-news.ts';
import { openSqliteCatalog } from '../../../src/catalog/sqlite/open-sqlite.ts';
import { twoNodesContract } from './two-nodes-contract.ts';

twoNodesContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-catalog-'));
  const news = new LocalNews();
  return {
    connect: (now) => openSqliteCatalog(join(folder, 'catalog.sqlite'), now, news),
    remove: () => rm(folder, { recursive: true }),
  };
});
