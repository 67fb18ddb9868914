import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAnalyzeType } from '../../src/analysis/analyze-types.ts';
import { PRECOMPUTED_AGGREGATES } from '../../src/analysis/precomputed-aggregates.ts';
import type { TableState } from '../../src/catalog/table-state.ts';
import { Problem } from '../../src/errors.ts';
import { NOTHING_SETTLED } from '../../src/model/value-format.ts';
import { TABLE_ID } from '../builders.ts';

const micros = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

const table: TableState = {
  tableId: TABLE_ID,
  columns: [
    { name: 'at', type: 'timestamp', settled: NOTHING_SETTLED },
    { name: 'value', type: 'number', settled: NOTHING_SETTLED },
  ],
  timeColumn: 'at',
  rows: 3,
  version: 1,
  firstRowAt: micros('2024-01-02T00:00:00Z'),
  earliestAt: micros('2024-01-01T00:00:00Z'),
  latestAt: micros('2024-01-02T00:00:00Z') + 1_500_000n,
};

const code = (expected: string) => (error: unknown) => error instanceof Problem && error.code === expected;

test('the time difference runs from the first row to the latest, not from the earliest', () => {
  assert.deepEqual(PRECOMPUTED_AGGREGATES.time_difference(table), {
    timeColumn: 'at',
    firstRowAt: '2024-01-02T00:00:00Z',
    latestRowAt: '2024-01-02T00:00:01.5Z',
    seconds: 1.5,
    duration: 'PT1.5S',
  });
});

test('the time difference is 0 if the first row is the latest', () => {
  const { seconds, duration } = PRECOMPUTED_AGGREGATES.time_difference({ ...table, latestAt: table.firstRowAt });
  assert.deepEqual({ seconds, duration }, { seconds: 0, duration: 'PT0S' });
});

test('the time span runs from the earliest row to the latest', () => {
  assert.deepEqual(PRECOMPUTED_AGGREGATES.time_span(table), {
    timeColumn: 'at',
    earliestAt: '2024-01-01T00:00:00Z',
    latestAt: '2024-01-02T00:00:01.5Z',
    seconds: 86_401.5,
    duration: 'P1DT1.5S',
  });
});

test('times of a date column are rendered as dates', () => {
  const days: TableState = {
    ...table,
    columns: [{ name: 'at', type: 'date', settled: NOTHING_SETTLED }],
    latestAt: table.firstRowAt,
  };
  assert.equal(PRECOMPUTED_AGGREGATES.time_difference(days).firstRowAt, '2024-01-02');
});

test('times of the years 1 and 294247 are supported', () => {
  const long: TableState = { ...table, firstRowAt: micros('0001-01-01T00:00:00Z'), latestAt: 2n ** 63n - 1n };
  assert.equal(PRECOMPUTED_AGGREGATES.time_difference(long).latestRowAt, '+294247-01-10T04:00:54.775807Z');
});

test('the problem for a table without a time column lists its columns and their types', () => {
  const timeless: TableState = {
    ...table,
    columns: [{ name: 'origin', type: 'text', settled: NOTHING_SETTLED }],
    timeColumn: null,
  };
  assert.throws(
    () => PRECOMPUTED_AGGREGATES.time_difference(timeless),
    (error) => {
      assert(code('no_time_column')(error));
      assert.match((error as Problem).detail, /origin \(text\)/);
      return true;
    },
  );
  assert.deepEqual(PRECOMPUTED_AGGREGATES.total_rows(timeless), { totalRows: 3 });
});

test('the result for a time column without values is null', () => {
  const timeless: TableState = { ...table, firstRowAt: null, earliestAt: null, latestAt: null };
  assert.equal(PRECOMPUTED_AGGREGATES.time_difference(timeless).seconds, null);
});

test('an analyze type is found by number, number in a string or name, under either spelling', () => {
  for (const named of [
    { analyze_type: 10000 },
    { analyzer_type: 10000 },
    { analyze_type: '10000' },
    { analyze_type: ' Time_Difference ' },
    { analyze_type: 10000, analyzer_type: 'time_difference' },
  ]) {
    assert.equal(findAnalyzeType(named).number, 10000);
  }
});

test('a missing or unknown analyze type, and two different ones, are refused', () => {
  assert.throws(() => findAnalyzeType({}), code('analyze_type_missing'));
  assert.throws(() => findAnalyzeType({ analyze_type: 10000, analyzer_type: 10001 }), code('bad_request'));
  for (const unknown of [9999, '', 'toString', '__proto__', 10000.5]) {
    assert.throws(() => findAnalyzeType({ analyze_type: unknown }), code('analyze_type_unknown'));
  }
});
