import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Database } from '../../src/engine/database.ts';
import { tableName } from '../../src/engine/sql.ts';
import { query } from '../../src/engine/tables/query.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let place: EngineInFolder;
beforeEach(async () => {
  place = await engineInFolder();
});
afterEach(() => place.close());

it('answers a query of one table with bound values, and refuses more rows than asked for', async () => {
  const { engine, tables, source } = place;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'n', type: 'integer', format: null }] as const;
  await engine.call('begin_load', { database, columns: formats, create: true });
  await engine.call('append', {
    database,
    tag: 1,
    formats,
    source: source(['n'], '1\n2\n3\n'),
    exact: true,
    quick: true,
  });
  const ask = (sql: string, params: readonly bigint[], maxRows: number, maxBytes = 1000) =>
    engine.call('query', { database, sql, params, maxRows, maxBytes });
  const sql = `SELECT n FROM ${tableName(database)} WHERE n >= $1 ORDER BY n`;
  assert.deepEqual(await ask(sql, [2n], 2), { kind: 'rows', rows: [[2n], [3n]] });
  assert.deepEqual(await ask(sql, [1n], 2), { kind: 'too_many_rows' });
  assert.deepEqual(await ask(sql, [1n], 3, 23), { kind: 'too_many_bytes' });
  await assert.rejects(ask(`SELECT nothing FROM ${tableName(database)}`, [], 2), /nothing/);
  const deviation = `SELECT stddev_samp(n * 1e308) FROM ${tableName(database)}`;
  assert.deepEqual(await ask(deviation, [], 2), { kind: 'out_of_range' });
  await engine.call('drop', { database });
  assert.deepEqual(await ask(sql, [1n], 2), { kind: 'no_table' });
});

it('answers beside a writer, and a table is removed only when its readers are done', async () => {
  const { engine, tables, source } = place;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'n', type: 'integer', format: null }] as const;
  const text = Array.from({ length: 50_000 }, (_, index) => `${index}\n`).join('');
  const write = (tag: number) =>
    engine.call('append', { database, tag, formats, source: source(['n'], text), exact: true, quick: true });
  await engine.call('begin_load', { database, columns: formats, create: true });
  await write(1);
  const name = tableName(database);
  // Long enough to be under way when the others come: its sums are over pairs.
  const sql = `SELECT count(*), sum(a.n % 7 + b.n % 5) FROM ${name} a, ${name} b WHERE a._thena_upload = 1 AND b._thena_upload = 1 AND b.n < 4000`;
  let answered = false;
  const answer = engine.call('query', { database, sql, params: [], maxRows: 1, maxBytes: 100 }).finally(() => {
    answered = true;
  });
  await write(2);
  await engine.call('end_load', { database, tag: 2, timeColumn: null });
  assert.equal(answered, false, 'the query was too quick for the test');
  const removed = engine.call('drop', { database }).then(() => assert.ok(answered, 'removed under a reader'));
  const result = await answer;
  assert.equal(result.kind === 'rows' && result.rows[0]?.[0], 200_000_000n);
  await removed;
});

it('a cancelled query ends, and the engine goes on', async () => {
  const { engine, tables, source, pid } = place;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'n', type: 'integer', format: null }] as const;
  const text = Array.from({ length: 50_000 }, (_, index) => `${index}\n`).join('');
  await engine.call('begin_load', { database, columns: formats, create: true });
  await engine.call('append', { database, tag: 1, formats, source: source(['n'], text), exact: true, quick: true });
  const name = tableName(database);
  const sql = `SELECT sum(a.n % 7 + b.n % 5) FROM ${name} a, ${name} b`;
  const before = pid();
  const controller = new AbortController();
  const answer = engine.call('query', { database, sql, params: [], maxRows: 1, maxBytes: 100 }, controller);
  setTimeout(() => controller.abort(), 100);
  await assert.rejects(answer, { reason: 'cancelled' });
  await assert.rejects(
    engine.call('query', { database, sql, params: [], maxRows: 1, maxBytes: 100 }, { deadlineMs: 100 }),
    { reason: 'cancelled' },
  );
  const count = `SELECT count(*) FROM ${name}`;
  const counted = await engine.call('query', { database, sql: count, params: [], maxRows: 1, maxBytes: 100 });
  assert.deepEqual(counted, { kind: 'rows', rows: [[50_000n]] });
  assert.equal(pid(), before, 'the engine was killed');
});

it('a query whose result was too long leaves nothing open, also when its table is taken away', async () => {
  const { engine, tables, source } = place;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'n', type: 'integer', format: null }] as const;
  const text = Array.from({ length: 300_000 }, (_, index) => `${index}\n`).join('');
  const load = { database, tag: 1, formats, exact: true, quick: true };
  const ask = (maxRows: number, maxBytes: number) => {
    const sql = `SELECT n FROM ${tableName(database)} ORDER BY n`;
    return engine.call('query', { database, sql, params: [], maxRows, maxBytes });
  };
  for (const [rows, bytes, kind] of [
    [10, 1000, 'too_many_rows'],
    [10_000, 80, 'too_many_bytes'],
  ] as const) {
    await engine.call('begin_load', { database, columns: formats, create: true });
    await engine.call('append', { ...load, source: source(['n'], text) });
    // Two at once, so that one of their connections is not the next to be used.
    assert.deepEqual(await Promise.all([ask(rows, bytes), ask(rows, bytes)]), [{ kind }, { kind }]);
    await engine.call('drop', { database });
  }
  await engine.call('begin_load', { database, columns: formats, create: true });
  assert.deepEqual(await ask(1, 1), { kind: 'rows', rows: [] });
});

it('a cancellation is minded whenever it comes, also while the statement is prepared', async () => {
  const settings = { memoryBytes: 256 * 1024 * 1024, threads: 2, openTables: 2 };
  const database = join(place.tables, 'a.duckdb');
  await place.engine.call('begin_load', { database, columns: [{ name: 'n', type: 'integer' }], create: true });
  await place.engine.call('drop', { database });
  // In this process, so that it can be cancelled at every step of its way.
  const duckdb = await Database.open({ directories: [place.tables], tempDirectory: place.folder, ...settings });
  const sql = 'SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE i * j % 7 = 3';
  try {
    await duckdb.writing(database, async () => undefined);
    for (let step = 0; step < 40; step++) {
      const controller = new AbortController();
      const { signal } = controller;
      const context = { duckdb, signal, progress: () => undefined };
      const answer = query({ database, sql, params: [], maxRows: 1, maxBytes: 100 }, context);
      const ended = assert.rejects(answer, { name: 'AbortError' });
      for (let turn = 0; turn < step; turn++) await (turn % 2 === 0 ? Promise.resolve() : nextTurn());
      controller.abort();
      await ended;
    }
  } finally {
    duckdb.close();
  }
});
