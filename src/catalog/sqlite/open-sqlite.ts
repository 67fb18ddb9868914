import { closeSync, fchmodSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { syncFolder } from '../../durable.ts';
import { cachedReads } from '../cached-reads.ts';
import type { Catalog } from '../catalog.ts';
import type { CatalogNews } from '../catalog-news.ts';
import { catalogCopiesIn } from '../kysely/catalog-copies.ts';
import type { CatalogTables } from '../kysely/catalog-tables.ts';
import { kyselyCatalog } from '../kysely/kysely-catalog.ts';
import { migrate } from '../kysely/migrations/migrate.ts';
import { LocalNews } from '../local-news.ts';
import { sqliteDialect } from './sqlite-dialect.ts';

const PRAGMAS = [
  'journal_mode = WAL',
  // In WAL mode a commit is fsynced only with FULL: sqlite.org/pragma.html#pragma_synchronous
  'synchronous = FULL',
  // On macOS, fsync does not flush the disk's cache. Elsewhere this setting has no effect.
  'fullfsync = ON',
  'foreign_keys = ON',
  // Short, because it blocks the event loop. The dialect continues to wait asynchronously.
  'busy_timeout = 20',
];

/**
 * Opens a catalog file, or creates it, readable only by its owner.
 *
 * @param now the clock of leases and timestamps: milliseconds since 1970-01-01T00:00:00Z
 * @param news of a file that is opened by others at the same time. Default: it is not, and their changes might not be seen
 * @throws SettingError if the file was created by a newer version of Thena
 */
export async function openSqliteCatalog(
  path: string,
  now: () => number = Date.now,
  news?: CatalogNews,
): Promise<Catalog> {
  let changes = 0;
  // All connections to the file are on this machine, and have its clock.
  const db = await openSqlite(path, () => changes++);
  const catalog = { ...kyselyCatalog(db, async () => now()), copies: catalogCopiesIn(db) };
  // A file is never away.
  const stopWaiting = (): void => undefined;
  // A cache that counts the changes of this connection knows nothing of those of others.
  if (news) return { ...catalog, isShared: true, news, stopWaiting };
  return { ...catalog, ...cachedReads(catalog, () => changes), isShared: false, news: new LocalNews(), stopWaiting };
}

/** Opens the file and brings its schema up to date. @param onChange called after every change */
export async function openSqlite(path: string, onChange: () => void = () => undefined): Promise<Kysely<CatalogTables>> {
  await createFile(path);
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

/** SQLite creates the other files (-wal, -shm) with the mode of this one. */
async function createFile(path: string): Promise<void> {
  const file = openSync(path, 'a', 0o600);
  fchmodSync(file, 0o600);
  closeSync(file);
  await syncFolder(dirname(path));
}
