import { closeSync, fchmodSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import type { Catalog } from '../catalog.ts';
import type { CatalogTables } from '../catalog-tables.ts';
import { kyselyCatalog } from '../kysely-catalog.ts';
import { migrate } from '../migrations/migrate.ts';
import { rememberedReads } from '../remembered-reads.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

const PRAGMAS = [
  'journal_mode = WAL',
  // In WAL mode a commit is fsynced only with FULL: sqlite.org/pragma.html#pragma_synchronous
  'synchronous = FULL',
  // On macOS fsync alone does not reach the disk; elsewhere this changes nothing.
  'fullfsync = ON',
  'foreign_keys = ON',
  // Short, because the whole process waits; the dialect waits on without that.
  'busy_timeout = 20',
];

/**
 * Opens the catalog in a file, which is made where there is none, for its owner alone. It is to be opened once: what another
 * connection changes may not be seen.
 *
 * @param now milliseconds since 1970-01-01T00:00:00Z: what leases are measured by
 * @throws SettingError where a newer Thena made it
 */
export async function openSqliteCatalog(path: string, now?: () => number): Promise<Catalog> {
  let changes = 0;
  const catalog = kyselyCatalog(await openSqlite(path, () => changes++), now);
  return { ...catalog, ...rememberedReads(catalog, () => changes) };
}

/** Opens the file, and brings its tables up to date. @param onChange told of every change */
export async function openSqlite(path: string, onChange: () => void = () => undefined): Promise<Kysely<CatalogTables>> {
  makeFile(path);
  const database = new DatabaseSync(path);
  try {
    for (const pragma of PRAGMAS) database.exec(`PRAGMA ${pragma}`);
    const db = new Kysely<CatalogTables>({ dialect: sqliteDialect(database, onChange) });
    await migrate(db, path);
    return db;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite gives its further files (-wal, -shm) the mode of this one. */
function makeFile(path: string): void {
  const file = openSync(path, 'a', 0o600);
  fchmodSync(file, 0o600);
  closeSync(file);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
