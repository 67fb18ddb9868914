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
 * Opens the catalog in a file, which is made where there is none, for its owner alone.
 *
 * @param now milliseconds since 1970-01-01T00:00:00Z: what leases are measured by
 * @throws SettingError where a newer Thena made it
 */
export async function openSqliteCatalog(path: string, now?: () => number): Promise<Catalog> {
  const { database, db } = await open(path);
  const catalog = kyselyCatalog(db, now);
  return { ...catalog, ...rememberedReads(catalog, versionOf(database)) };
}

/** Rows that this connection ever changed, and a number that changes with every commit of another one. */
function versionOf(database: DatabaseSync): () => string {
  const changes = database.prepare('SELECT total_changes()', { returnArrays: true });
  const others = database.prepare('PRAGMA data_version', { returnArrays: true });
  return () => `${changes.get()} ${others.get()}`;
}

/** Opens the file, and brings its tables up to date. */
export async function openSqlite(path: string): Promise<Kysely<CatalogTables>> {
  return (await open(path)).db;
}

async function open(path: string): Promise<{ readonly database: DatabaseSync; readonly db: Kysely<CatalogTables> }> {
  makeFile(path);
  const database = new DatabaseSync(path);
  try {
    for (const pragma of PRAGMAS) database.exec(`PRAGMA ${pragma}`);
    const db = new Kysely<CatalogTables>({ dialect: sqliteDialect(database) });
    await migrate(db, path);
    return { database, db };
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
