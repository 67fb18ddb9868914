import { join } from 'node:path';
import type { CatalogNews } from '../../src/catalog/catalog-news.ts';
import { LocalNews } from '../../src/catalog/local-news.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { otherNodeContract } from './other-node-contract.ts';

const open = (newsOf: () => CatalogNews) => (folder: string) =>
  openSqliteCatalog(join(folder, 'catalog.sqlite'), undefined, newsOf());
const news = new LocalNews();

otherNodeContract(
  'on one SQLite file',
  true,
  open(() => news),
);
otherNodeContract(
  'on one SQLite file if all news is lost',
  false,
  open(() => new LocalNews()),
);
