import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { COPIED } from '../../src/catalog/kysely/catalog-copies.ts';
import { openSqlite } from '../../src/catalog/sqlite/open-sqlite.ts';

/** The tables that a move leaves behind. */
const LEFT: Readonly<Record<string, string>> = {
  sessions: 'users sign in again',
  attempts: 'rows that were never committed are not copied',
  nodes: 'no node runs during a move',
  upload_progress: 'nothing is loaded during a move',
  refused_uploads: 'kept for a minute',
  running_analyses: 'nothing runs during a move',
  moves: 'of the catalog that it is in',
  move_tables: 'of the catalog that they are in',
  catalog_identity: 'each catalog has its own',
  shards: 'of the catalog that they belong to',
  chores: 'of the nodes that used the catalog',
  commits: 'of the sessions of PostgreSQL',
};

test('a move copies every table of the catalog, or leaves it behind for a reason', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-copies-'));
  const db = await openSqlite(join(folder, 'catalog.sqlite'));
  try {
    const tables = (await db.introspection.getTables()).map(({ name }) => name);
    assert.deepEqual(tables.toSorted(), [...COPIED.map(({ name }) => name as string), ...Object.keys(LEFT)].toSorted());
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
});
