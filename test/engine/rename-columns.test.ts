import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TableId } from '../../src/model/ids.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { parsedFile, tableOf } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';
import { columnsOf, createOldTable } from './old-table-file.ts';

const DYING = fileURLToPath(new URL('./die-while-renaming.ts', import.meta.url));
/** New names of other columns, in other letter case, and names that mean something to DuckDB. */
const NAMES = ['c1', 'C0', 'rowid', '\ufeffc4', 'c3', '_thena upload', 'a"b'];
const NEW_NAMES = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', '_thena_upload'];
const COLUMNS = NAMES.map((name) => ({ name, type: 'integer' }) as const);
const row = (n: number): number[] => NAMES.map((_, index) => 10 * n + index);

describe('a table file whose columns have the names of a CSV file', () => {
  const table = tableOf('old', '000000000000' as TableId);
  let running: EngineInFolder;
  let path: string;
  beforeEach(async () => {
    running = await engineInFolder();
    path = join(running.tables, 'old.duckdb');
    await createOldTable(path, NAMES, [row(0), row(1)]);
  });
  afterEach(() => running.close());

  async function rows(lastTag: number): Promise<number[][]> {
    const store = duckdbTableStore(running.engine, running.storeSettings);
    const view = { ...table, columns: COLUMNS, uncommittedTags: [], lastTag };
    const page = { columns: COLUMNS, where: null, after: null, limit: 10 };
    const limits = { deadlineMs: 60_000, signal: new AbortController().signal };
    const outcome = await store.rows(view, page, limits);
    assert(outcome.kind === 'rows', outcome.kind);
    return outcome.rows.map((values) => values.map(Number)).toSorted(([a = 0], [b = 0]) => a - b);
  }

  it('is read and appended to, after its columns were renamed by position', async () => {
    const store = duckdbTableStore(running.engine, running.storeSettings);
    const load = { ...table, tag: 2, columns: COLUMNS, timeColumn: null, create: false };
    const session = await store.begin({ ...load, file: parsedFile(COLUMNS.toReversed()) });
    await session.append(running.source(NAMES.toReversed(), `${row(2).toReversed().join()}\n`));
    assert.equal((await session.commit()).rows, 1);
    assert.deepEqual(await rows(2), [row(0), row(1), row(2)]);
    await running.engine.close();
    assert.deepEqual(await columnsOf(path), NEW_NAMES);
  });

  it('is renamed once, by the first of many operations', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => rows(1)));
    for (const each of all) assert.deepEqual(each, [row(0), row(1)]);
    assert.ok(!existsSync(`${path}.wal`), 'the new names are in the file');
  });

  for (const [failpoint, names] of [
    ['columns_renaming', [...NAMES, '_thena_upload']],
    ['columns_renamed', NEW_NAMES],
  ] as const) {
    it(`has only old or only new names after a kill at ${failpoint}`, async () => {
      const { signal, stderr } = spawnSync(process.execPath, [DYING, path, running.folder, failpoint]);
      assert.equal(signal, 'SIGKILL', String(stderr));
      assert.deepEqual(await columnsOf(path), names);
      assert.deepEqual(await rows(1), [row(0), row(1)]);
      await running.engine.close();
      assert.deepEqual(await columnsOf(path), NEW_NAMES);
    });
  }
});
