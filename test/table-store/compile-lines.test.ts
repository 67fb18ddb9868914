import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import fc from 'fast-check';
import { jsonValue } from '../../src/analysis/json-values.ts';
import type { LogicalType } from '../../src/model/columns.ts';
import { DUCKDB } from '../../src/table-store/duckdb/duckdb-dialect.ts';
import { DUCKDB_LINES } from '../../src/table-store/duckdb/duckdb-lines.ts';
import { csvLines, jsonLines } from '../../src/table-store/sql/compile-lines.ts';
import { physicalColumns } from '../../src/table-store/sql/physical-columns.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
before(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
});
after(() => {
  connection.closeSync();
  instance.closeSync();
});

it('compiles a line to SQL', () => {
  const columns = [
    { name: 'a"b', type: 'integer' },
    { name: "it's, so", type: 'text' },
  ] as const;
  const physical = physicalColumns(columns, DUCKDB);
  const csv = csvLines(DUCKDB_LINES, columns, physical, false);
  assert.equal(csv.head, `"a""b","it's, so"\n`);
  assert.equal(
    csv.line,
    `concat(CAST(c0 AS VARCHAR), ',', CASE WHEN regexp_matches(c1, '^$|[",;|\\t\\r\\n]|^[\\s\\x{FEFF}]|\\s$') THEN '"' || replace(c1, '"', '""') || '"' ELSE c1 END, chr(10))`,
  );
  const json = jsonLines(DUCKDB_LINES, columns, physical);
  assert.equal(json.head, '');
  assert.equal(
    json.line,
    `concat('{"a\\"b":', coalesce(CASE WHEN c0 BETWEEN -9007199254740991 AND 9007199254740991 THEN CAST(c0 AS VARCHAR) ELSE '"' || c0 || '"' END, 'null'), ',"it''s, so":', coalesce(CAST(to_json(c1) AS VARCHAR), 'null'), '}', chr(10))`,
  );
});

/** The lines of a table with one column, whose values are given as SQL. */
async function lines(line: string, values: readonly string[]): Promise<string[]> {
  const rows = values.map((value, index) => `(${index}, ${value})`).join(', ');
  const reader = await connection.runAndReadAll(
    `SELECT chr(65279) || ${line} FROM (VALUES ${rows}) t(i, c0) ORDER BY i`,
  );
  return reader.getRows().map(([text]: DuckDBValue[]) => String(text).slice(0, -1));
}

async function agrees(type: LogicalType, values: readonly (bigint | number)[], sqlOf: (value: never) => string) {
  const columns = [{ name: 'v', type }];
  const sql = values.map((value) => sqlOf(value as never));
  const expected = values.map((value) => jsonValue(value, type));
  const json = await lines(jsonLines(DUCKDB_LINES, columns, physicalColumns(columns, DUCKDB)).line, sql);
  assert.deepEqual(json.map((text) => JSON.parse(text).v).map(String), expected.map(String));
  assert.deepEqual(
    json.map((text) => typeof JSON.parse(text).v),
    expected.map((value) => typeof value),
  );
  const csv = await lines(csvLines(DUCKDB_LINES, columns, physicalColumns(columns, DUCKDB), false).line, sql);
  if (type === 'number') assert.deepEqual(csv.map(Number), expected.map(Number));
  else assert.deepEqual(csv, expected.map(String));
}

/** All timestamps of DuckDB in microseconds, including years before 1 and after 9999. */
const micros = fc.oneof(
  fc.bigInt(-9_223_372_022_400_000_000n, 9_223_372_036_854_775_805n),
  fc.bigInt(-70_000_000_000_000_000n, 260_000_000_000_000_000n),
  fc.constantFrom(
    0n,
    -1n,
    500_000n,
    -62_135_596_800_000_000n,
    -62_135_596_800_000_001n,
    -62_167_219_200_000_000n,
    253_402_300_799_999_999n,
    253_402_300_800_000_000n,
  ),
);
const listOf = <T>(of: fc.Arbitrary<T>) => fc.array(of, { minLength: 1, maxLength: 50 });

it('writes times, dates and numbers as the JSON of the API does, in all years', async () => {
  const DAY = 86_400_000_000n;
  await fc.assert(
    fc.asyncProperty(listOf(micros), (values) =>
      agrees('timestamp', values, (value) => `make_timestamp(CAST(${value} AS BIGINT))`),
    ),
  );
  await fc.assert(
    fc.asyncProperty(listOf(micros), (values) =>
      agrees(
        'date',
        values.map((value) => (value / DAY) * DAY),
        (value) => `CAST(make_timestamp(CAST(${value} AS BIGINT)) AS DATE)`,
      ),
    ),
  );
  await fc.assert(
    fc.asyncProperty(listOf(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), (values) =>
      agrees('integer', values, (value) => `CAST(${value} AS BIGINT)`),
    ),
  );
  const doubles = fc.double().map((value) => (value === 0 ? 0 : value));
  await fc.assert(
    fc.asyncProperty(listOf(doubles), (values) => agrees('number', values, (value) => `CAST('${value}' AS DOUBLE)`)),
  );
});
