import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Database } from '../../src/engine/database.ts';
import { tableName } from '../../src/engine/sql.ts';
import { query } from '../../src/engine/tables/query.ts';
import { parsedFile } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let running: EngineInFolder;
beforeEach(async () => {
  running = await engineInFolder();
});
afterEach(() => running.close());

it('runs a query with bound parameters, and stops at its limits', async () => {
  const { engine, tables, source } = running;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'c0', type: 'integer' }] as const;
  await engine.call('begin_load', { database, columns: formats, create: true });
  await engine.call('append', {
    database,
    tag: 1,
    ...parsedFile(formats),
    into: ['c0'],
    source: source(['c0'], '1\n2\n3\n'),
  });
  const run = (sql: string, params: readonly bigint[], maxRows: number, maxBytes = 1000) =>
    engine.call('query', { database, sql, params, maxRows, maxBytes });
  const sql = `SELECT c0 FROM ${tableName(database)} WHERE c0 >= $1 ORDER BY c0`;
  assert.deepEqual(await run(sql, [2n], 2), { kind: 'rows', rows: [[2n], [3n]] });
  assert.deepEqual(await run(sql, [1n], 2), { kind: 'too_many_rows' });
  assert.deepEqual(await run(sql, [1n], 3, 23), { kind: 'too_many_bytes' });
  await assert.rejects(run(`SELECT nothing FROM ${tableName(database)}`, [], 2), /nothing/);
  const deviation = `SELECT stddev_samp(c0 * 1e308) FROM ${tableName(database)}`;
  assert.deepEqual(await run(deviation, [], 2), { kind: 'out_of_range' });
  await engine.call('drop', { database });
  assert.deepEqual(await run(sql, [1n], 2), { kind: 'no_table' });
});

it('runs queries during a load, and drops a table only when its queries have ended', async () => {
  const { engine, tables, source } = running;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'c0', type: 'integer' }] as const;
  const text = Array.from({ length: 50_000 }, (_, index) => `${index}\n`).join('');
  const write = (tag: number) =>
    engine.call('append', {
      database,
      tag,
      ...parsedFile(formats),
      into: ['c0'],
      source: source(['c0'], text),
    });
  await engine.call('begin_load', { database, columns: formats, create: true });
  await write(1);
  const name = tableName(database);
  // A join of all pairs, to take longer than the load.
  const sql = `SELECT count(*), sum(a.c0 % 7 + b.c0 % 5) FROM ${name} a, ${name} b WHERE a._thena_upload = 1 AND b._thena_upload = 1 AND b.c0 < 4000`;
  let answered = false;
  const answer = engine.call('query', { database, sql, params: [], maxRows: 1, maxBytes: 100 }).finally(() => {
    answered = true;
  });
  await write(2);
  await engine.call('end_load', { database, tag: 2, timeColumn: null });
  assert.equal(answered, false, 'the query was too quick for the test');
  const dropped = engine.call('drop', { database }).then(() => assert.ok(answered, 'dropped during the query'));
  const result = await answer;
  assert.equal(result.kind === 'rows' && result.rows[0]?.[0], 200_000_000n);
  await dropped;
});

it('ends a cancelled query, and keeps running', async () => {
  const { engine, tables, source, pid } = running;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'c0', type: 'integer' }] as const;
  const text = Array.from({ length: 50_000 }, (_, index) => `${index}\n`).join('');
  await engine.call('begin_load', { database, columns: formats, create: true });
  await engine.call('append', {
    database,
    tag: 1,
    ...parsedFile(formats),
    into: ['c0'],
    source: source(['c0'], text),
  });
  const name = tableName(database);
  const sql = `SELECT sum(a.c0 % 7 + b.c0 % 5) FROM ${name} a, ${name} b`;
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

it('closes the table file after a result over the limits, so that the table can be dropped', async () => {
  const { engine, tables, source } = running;
  const database = join(tables, 'a.duckdb');
  const formats = [{ name: 'c0', type: 'integer' }] as const;
  const text = Array.from({ length: 300_000 }, (_, index) => `${index}\n`).join('');
  const load = { database, tag: 1, ...parsedFile(formats), into: ['c0'] };
  const run = (maxRows: number, maxBytes: number) => {
    const sql = `SELECT c0 FROM ${tableName(database)} ORDER BY c0`;
    return engine.call('query', { database, sql, params: [], maxRows, maxBytes });
  };
  for (const [rows, bytes, kind] of [
    [10, 1000, 'too_many_rows'],
    [10_000, 80, 'too_many_bytes'],
  ] as const) {
    await engine.call('begin_load', { database, columns: formats, create: true });
    await engine.call('append', { ...load, source: source(['c0'], text) });
    // Two at once, so that one of their connections is not used by the next statement.
    assert.deepEqual(await Promise.all([run(rows, bytes), run(rows, bytes)]), [{ kind }, { kind }]);
    await engine.call('drop', { database });
  }
  await engine.call('begin_load', { database, columns: formats, create: true });
  assert.deepEqual(await run(1, 1), { kind: 'rows', rows: [] });
});

it('observes a cancellation at any moment, even while the statement is being prepared', async () => {
  const settings = { memoryBytes: 256 * 1024 * 1024, threads: 2, openTables: 2 };
  const database = join(running.tables, 'a.duckdb');
  await running.engine.call('begin_load', { database, columns: [{ name: 'c0', type: 'integer' }], create: true });
  await running.engine.call('drop', { database });
  // In this process, so that it can be cancelled at any step.
  const duckdb = await Database.open({ directories: [running.tables], tempDirectory: running.folder, ...settings });
  const sql = 'SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE i * j % 7 = 3';
  try {
    await duckdb.creating(database, async () => undefined);
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
