import type { Catalog } from './catalog/catalog.ts';
import type { Checks } from './readiness.ts';
import type { TableCopies } from './table-store/table-copies.ts';
import type { TableStore } from './table-store/table-store.ts';

/** Where the catalog and the tables are: in the data folder, or on the servers of a cluster. */
export interface Stores {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  /** For a move of all data. */
  readonly copies: TableCopies;
  /** Of the servers that have the tables. */
  readonly checks: Checks;
  close(): Promise<void>;
}
