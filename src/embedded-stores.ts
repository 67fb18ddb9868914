import { openSqliteCatalog } from './catalog/sqlite/open-sqlite.ts';
import type { Config } from './config.ts';
import type { DataDir } from './data-dir.ts';
import type { EngineClient } from './engine/engine-client.ts';
import type { Stores } from './stores.ts';
import { duckdbTableCopies } from './table-store/duckdb/duckdb-table-copies.ts';
import { duckdbTableStore } from './table-store/duckdb/duckdb-table-store.ts';

export interface EmbeddedStoresDeps {
  readonly data: DataDir;
  readonly engine: EngineClient;
  /** The folder of files that are sent once. */
  readonly exports: string;
  readonly settings: Pick<Config, 'diskReserveBytes' | 'engineMemoryBytes'>;
}

/** Opens the catalog and the tables in the data folder. */
export async function openEmbeddedStores({ data, engine, exports, settings }: EmbeddedStoresDeps): Promise<Stores> {
  const directory = data.folder('tables');
  const catalog = await openSqliteCatalog(data.path('catalog.sqlite'));
  const tables = duckdbTableStore(engine, {
    tables: directory,
    exports,
    reserveBytes: settings.diskReserveBytes,
    quantileBytes: settings.engineMemoryBytes,
  });
  return {
    catalog,
    tables,
    copies: duckdbTableCopies(engine, directory),
    checks: {},
    close: () => catalog.close(),
  };
}
