import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import type { PhysicalColumn } from '../../src/model/physical-columns.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';
import { queryFile } from './query-file.ts';

let running: EngineInFolder;
beforeEach(async () => {
  running = await engineInFolder({ memoryBytes: 128 * 1024 * 1024 });
});
afterEach(() => running.close());

const COLUMNS: readonly PhysicalColumn[] = [
  { name: 'c0', type: 'integer' },
  { name: 'c0_number', type: 'number' },
  { name: 'c1', type: 'boolean' },
  { name: 'c2', type: 'date' },
  { name: 'c3', type: 'timestamp' },
  { name: 'c4', type: 'text' },
];
const EDGES = `(NULL, NULL, NULL, NULL, NULL, NULL),
  (-9223372036854775808, 'NaN'::DOUBLE, true, DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00', ''),
  (9223372036854775807, '-0.0'::DOUBLE, false, DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999', 'ä"''' || chr(10)),
  (0, 'Infinity'::DOUBLE, NULL, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999', chr(0) || 'x'),
  (1, '-Infinity'::DOUBLE, NULL, DATE '1970-01-01', TIMESTAMP '1970-01-01', repeat('long ', 1000)),
  (2, 5e-324, NULL, NULL, NULL, '5e-324'), (3, 0.1, NULL, NULL, NULL, NULL), (4, 0.0, NULL, NULL, NULL, NULL)`;

/** Creates an empty table. */
async function create(database: string): Promise<void> {
  const columns = COLUMNS.filter(({ name }) => name !== 'c0_number');
  await running.engine.call('begin_load', { database, columns, create: true });
  await running.engine.call('begin_load', { database, columns: COLUMNS, create: false });
}

/** Copies an upload, chunk by chunk. @returns the rows of each chunk, and the checksums of all */
async function copy(from: string, to: string, tags: readonly number[], maxRows = 3, maxBytes = 1_000_000) {
  const chunks: number[] = [];
  const path = join(running.storeSettings.exports, `${randomUUID()}.parquet`);
  let sums = COLUMNS.map(() => 0n);
  for (let offset = 0; ; ) {
    const { rows } = await running.engine.call('copy_out', {
      database: from,
      columns: COLUMNS,
      tags,
      offset,
      maxRows,
      maxBytes,
      path,
    });
    if (rows === 0 || (offset > 0 && tags.length > 1)) return { chunks, sums };
    const summed = await running.engine.call('checksum', { columns: COLUMNS, path });
    assert.equal(summed.rows, rows);
    sums = sums.map((sum, index) => sum + (summed.sums[index] ?? 0n));
    if (to !== '') await running.engine.call('copy_in', { database: to, columns: COLUMNS, path });
    chunks.push(rows);
    offset += rows;
  }
}

const file = (name: string): string => join(running.tables, `${name}.duckdb`);
/** Columns that widen others are after the tag. */
const DEFINITION =
  '(c0 BIGINT, c1 BOOLEAN, c2 DATE, c3 TIMESTAMP, c4 VARCHAR, _thena_upload INTEGER NOT NULL, c0_number DOUBLE)';

it('copies every value of every type exactly, and keeps the order of the rows', async () => {
  await queryFile(
    file('a'),
    `CREATE TABLE rows ${DEFINITION}; INSERT INTO rows BY NAME SELECT 7 AS c0, 1 AS _thena_upload;
     INSERT INTO rows BY NAME SELECT *, 2 AS _thena_upload FROM (VALUES ${EDGES}) v(c0, c0_number, c1, c2, c3, c4)`,
  );
  await create(file('b'));
  const { chunks, sums } = await copy(file('a'), file('b'), [2]);
  assert.deepEqual(chunks, [3, 3, 2]);
  assert.deepEqual(await running.engine.call('end_load', { database: file('b'), tag: 2, timeColumn: 'c3' }), {
    rows: 8,
    earliestAt: -62135596800000000n,
    latestAt: 253402300799999999n,
  });
  assert.deepEqual((await copy(file('b'), '', [2], 5)).sums, sums, 'other chunks have the same sums');
  const [, ...original] = await readBack(file('a'));
  assert.deepEqual(await readBack(file('b')), original);
});

/** The values of all rows, in stored order; numbers by their bits. */
async function readBack(database: string): Promise<unknown[][]> {
  await running.engine.close();
  const rows = await queryFile(database, 'SELECT c0_number, * EXCLUDE c0_number FROM rows ORDER BY rowid');
  const bits = (value: number): string => {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value);
    return view.getBigUint64(0).toString(16);
  };
  return rows.map(([number, ...rest]) => [typeof number === 'number' ? bits(number) : number, ...rest]);
}

it('keeps the order of many rows, and makes chunks smaller if texts are long', async () => {
  await queryFile(
    file('a'),
    `CREATE TABLE rows ${DEFINITION};
     INSERT INTO rows BY NAME SELECT range AS c0, repeat('x', 10) AS c4, 1 AS _thena_upload FROM range(600000)`,
  );
  await create(file('b'));
  const { chunks } = await copy(file('a'), file('b'), [1], 500_000, 4_000_000);
  assert.deepEqual(chunks, [400_000, 200_000]);
  await running.engine.close();
  assert.deepEqual(await queryFile(file('b'), 'SELECT count(*) FROM rows WHERE c0 <> rowid'), [[0n]]);
});

it('copies several uploads at once, but no others', async () => {
  await queryFile(
    file('a'),
    `CREATE TABLE rows ${DEFINITION};
     INSERT INTO rows BY NAME SELECT range AS c0, 1 + range // 10 AS _thena_upload FROM range(50)`,
  );
  await create(file('b'));
  const { chunks, sums } = await copy(file('a'), file('b'), [2, 3, 5]);
  assert.deepEqual(chunks, [30]);
  const parts = await Promise.all([[2], [3], [5]].map((tags) => copy(file('a'), '', tags)));
  const added = COLUMNS.map((_, index) => parts.reduce((sum, part) => sum + (part.sums[index] ?? 0n), 0n));
  assert.deepEqual(sums, added);
  await running.engine.close();
  const expected = [...Array(50).keys()].filter((n) => [2, 3, 5].includes(1 + Math.floor(n / 10)));
  const rows = await queryFile(file('b'), 'SELECT c0, _thena_upload FROM rows ORDER BY rowid');
  assert.deepEqual(
    rows,
    expected.map((n) => [BigInt(n), 1 + Math.floor(n / 10)]),
  );
});

it('a value that differs, or is in another row, changes the checksum of its column', async () => {
  const values = { a: `(0.0, 'x'), (1.0, 'y')`, b: `('-0.0'::DOUBLE, 'x'), (1.0, 'y')`, c: `(0.0, 'y'), (1.0, 'x')` };
  const sums = [];
  for (const [name, rows] of Object.entries(values)) {
    await queryFile(
      file(name),
      `CREATE TABLE rows ${DEFINITION}; INSERT INTO rows BY NAME SELECT n::DOUBLE AS c0_number, s AS c4, 1 AS _thena_upload FROM (VALUES ${rows}) v(n, s)`,
    );
    sums.push((await copy(file(name), '', [1])).sums);
  }
  const [a, b, c] = sums as [bigint[], bigint[], bigint[]];
  const differing = (other: bigint[]): string[] =>
    COLUMNS.filter((_, index) => a[index] !== other[index]).map(({ name }) => name);
  assert.deepEqual(differing(b), ['c0_number']);
  assert.deepEqual(differing(c), ['c4']);
});
