import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDate, parseTimestamp } from '../../src/model/parse-times.ts';
import { formatDate, formatTimestamp } from '../../src/model/timestamps.ts';

test('a formatted timestamp is parsed back to the same microsecond', () => {
  const micros = fc.bigInt(-9_223_372_022_400_000_000n, 9_223_372_036_854_775_806n);
  fc.assert(
    fc.property(micros, (time) => {
      assert.equal(parseTimestamp(formatTimestamp(time)), time);
      const day = parseDate(formatDate(time)) as bigint;
      assert.ok(day <= time && time - day < 86_400_000_000n);
    }),
  );
});

test('an offset is applied, and without one a timestamp is UTC', () => {
  const noon = BigInt(Date.UTC(2024, 1, 29, 12)) * 1000n;
  for (const text of [
    '2024-02-29T12:00:00Z',
    '2024-02-29 12:00',
    '2024-02-29T13:30:00+01:30',
    '2024-02-29t05:00:00.0-0700',
  ]) {
    assert.equal(parseTimestamp(text), noon, text);
  }
});

test('invalid timestamps are rejected', () => {
  for (const text of [
    '',
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-01-32',
    '2024-01-01T24:00:00',
    '2024-01-01T12:60:00',
    '2024-01-01T12',
    '24-01-01',
    '2024-1-1',
    'now',
    '2024-01-01T00:00:00.1234567',
    '2024-01-01T00:00:00 Europe/Berlin',
  ]) {
    assert.equal(parseTimestamp(text), null, text);
  }
  assert.equal(parseDate('2024-01-01T00:00:00'), null);
});
