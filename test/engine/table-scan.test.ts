import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import type { ChunkFormat, RowPosition } from '../../src/engine/scan-operations.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let running: EngineInFolder;
let database: string;
beforeEach(async () => {
  running = await engineInFolder({ memoryBytes: 64 * 1024 * 1024 });
  database = join(running.tables, 'a.duckdb');
});
afterEach(() => running.close());

/** Creates a customer's table from the result of `SELECT … AS n, … AS s, … AS tag`. */
async function create(select: string): Promise<void> {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE rows AS SELECT n AS c0, s AS c1, tag AS _thena_upload FROM (${select}) ORDER BY n`,
  );
  connection.closeSync();
  instance.closeSync();
}

const scan = (after: RowPosition | null = null, where: string | null = null) => ({
  database,
  visible: '_thena_upload <= 9',
  where,
  params: [],
  after,
});
const LINES: ChunkFormat = { kind: 'text', head: 'n\n', line: `concat(c0, ':', c1, chr(10))` };
const ARROW: ChunkFormat = {
  kind: 'arrow',
  columns: [
    { name: 'n', type: 'integer' },
    { name: 's', type: 'text' },
  ],
  select: ['c0', 'c1'],
};

/** Reads all chunks of an export. */
async function exported(format: ChunkFormat, span: number): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let after: RowPosition | null = null;
  let size = span;
  do {
    const chunk: Awaited<ReturnType<typeof next>> = await next(after, size);
    assert(chunk.kind === 'found', chunk.kind);
    chunks.push(Buffer.from(chunk.bytes));
    ({ next: after, span: size } = chunk);
  } while (after !== null);
  return chunks;

  function next(from: RowPosition | null, rows: number) {
    return running.engine.call('export_rows', { ...scan(from), format, texts: ['c1'], span: rows });
  }
}

it('reads long texts a few rows at a time', async () => {
  // 20 MB of text, of which the first chunk would have all. Much more exceeds the memory of so small an engine: DuckDB 1.5.5
  // decodes all texts of a vector, up to 2,048, whichever of its rows are read.
  await create(`SELECT CAST(i AS BIGINT) AS n, repeat('x', 200000) || i AS s, 1 AS tag FROM range(100) r(i)`);
  const text = await exported(LINES, 2048);
  const lines = Buffer.concat(text).toString('latin1').split('\n').slice(1, -1);
  assert.deepEqual(
    lines.map((line) => line.replace(/x+/, '')),
    Array.from({ length: 100 }, (_, index) => `${index}:${index}`),
  );
  assert.ok(Math.max(...text.map(({ length }) => length)) < 10_000_000);
  const arrow = tableFromIPC(Buffer.concat(await exported(ARROW, 2048)));
  assert.deepEqual(Array.from(arrow.getChild('n') ?? [], Number), [...lines.keys()]);
  const page = await running.engine.call('read_rows', {
    ...scan(),
    select: ['c0', 'c1'],
    limit: 1000,
    maxBytes: 700_000,
    budgetMs: 60_000,
  });
  assert(page.kind === 'found');
  assert.deepEqual(
    page.rows.map(([n]) => n),
    [0n, 1n, 2n, 3n],
  );
  assert.deepEqual(page.next, { tag: 1, offset: 4, start: 0 });
});

it('ends a page when its time is up, and continues with the next one', async () => {
  await create(`SELECT CAST(i AS BIGINT) AS n, '' AS s, 1 + i // 50000 AS tag FROM range(100000) r(i)`);
  const found: unknown[] = [];
  let after: RowPosition | null = null;
  let pages = 0;
  do {
    const where = 'c0 IN (5, 60000, 99999)';
    const params = { ...scan(after, where), select: ['c0'], limit: 1000, maxBytes: 1000, budgetMs: 0 };
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(params);
    assert(page.kind === 'found');
    found.push(...page.rows.flat());
    after = page.next;
    pages++;
  } while (after !== null);
  assert.deepEqual(found, [5n, 60_000n, 99_999n]);
  assert.equal(pages, 100, 'each page reads only its first range');

  function readPage(params: Parameters<typeof running.engine.call<'read_rows'>>[1]) {
    return running.engine.call('read_rows', params);
  }
});

it('skips any number of uncommitted rows', async () => {
  await create(
    `SELECT CAST(i AS BIGINT) AS n, 'x' AS s, CASE WHEN i < 3 THEN 1 WHEN i < 300000 THEN 10 ELSE 2 END AS tag FROM range(300003) r(i)`,
  );
  const page = await running.engine.call('read_rows', {
    ...scan(),
    select: ['c0'],
    limit: 2,
    maxBytes: 1000,
    budgetMs: 0,
  });
  assert(page.kind === 'found');
  assert.deepEqual(page.rows, [[0n], [1n]]);
  const text = Buffer.concat(await exported(LINES, 1)).toString();
  assert.equal(text, 'n\n0:x\n1:x\n2:x\n300000:x\n300001:x\n300002:x\n');
});

it('ends a cancelled export, leaves no file, and reuses its connection', async () => {
  await create(`SELECT CAST(i AS BIGINT) AS n, md5(CAST(i AS VARCHAR)) AS s, 1 AS tag FROM range(1000000) r(i)`);
  const path = join(running.storeSettings.exports, 'a.parquet');
  const parquet = { ...scan(), select: ['c0', 'c1'], names: ['n', 's'], path, reserveBytes: 0 };
  const pid = running.pid();
  const whole = { ...scan(), format: LINES, texts: ['c1'], span: 131_072 };
  await Promise.all([
    assert.rejects(running.engine.call('export_parquet', parquet, { deadlineMs: 50 }), { reason: 'cancelled' }),
    assert.rejects(running.engine.call('export_rows', whole, { deadlineMs: 5 }), { reason: 'cancelled' }),
  ]);
  assert.deepEqual(readdirSync(running.storeSettings.exports), []);
  const text = await running.engine.call('export_rows', { ...whole, span: 10 });
  assert.equal(text.kind, 'found');
  assert.deepEqual(await running.engine.call('export_parquet', parquet), { kind: 'written' });
  assert.deepEqual(readdirSync(running.storeSettings.exports), ['a.parquet']);
  assert.equal(running.pid(), pid, 'the engine was killed');
});

it('exports the texts of a thousand columns', async () => {
  await create(`SELECT 7::BIGINT AS n, 'x' AS s, 1 AS tag`);
  const texts = Array.from({ length: 1000 }, () => 'c1');
  const chunk = await running.engine.call('export_rows', { ...scan(), format: LINES, texts, span: 1000 });
  assert(chunk.kind === 'found');
  assert.equal(Buffer.from(chunk.bytes).toString(), 'n\n7:x\n');
});
