import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDate, formatDuration, formatTimestamp, secondsOf } from '../../src/model/timestamps.ts';

const at = (iso: string): bigint => BigInt(Date.parse(iso)) * 1000n;

test('timestamps are formatted in UTC, without trailing zeros in the fraction', () => {
  assert.equal(formatTimestamp(at('2014-07-01T00:30:00Z')), '2014-07-01T00:30:00Z');
  assert.equal(formatTimestamp(at('2014-07-01T00:30:00Z') + 250_000n), '2014-07-01T00:30:00.25Z');
  assert.equal(formatTimestamp(-1n), '1969-12-31T23:59:59.999999Z');
});

test('dates are formatted without a time', () => {
  assert.equal(formatDate(at('2000-02-29T00:00:00Z')), '2000-02-29');
  assert.equal(formatDate(at('1969-12-31T12:00:00Z')), '1969-12-31');
});

test('years outside of 0 to 9999 are formatted in the expanded form', () => {
  assert.equal(formatTimestamp(253_402_300_800n * 1_000_000n), '+010000-01-01T00:00:00Z');
  assert.equal(formatTimestamp(at('-000001-12-31T23:59:59Z')), '-000001-12-31T23:59:59Z');
  assert.equal(formatTimestamp(at('0000-03-01T00:00:00Z')), '0000-03-01T00:00:00Z');
  // The range of 64-bit microseconds, beyond that of Date.
  assert.equal(formatTimestamp(2n ** 63n - 1n), '+294247-01-10T04:00:54.775807Z');
  assert.equal(formatTimestamp(-(2n ** 63n)), '-290308-12-21T19:59:05.224192Z');
});

test('every timestamp in the range of Date is formatted as Date does', () => {
  fc.assert(
    fc.property(fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }), (milliseconds) => {
      const expected = new Date(milliseconds)
        .toISOString()
        .replace(/\.?0*Z$/, (zeros) => (zeros.startsWith('.') ? 'Z' : zeros));
      const trimmed = expected.replace(/(\.\d*?)0+Z$/, '$1Z');
      assert.equal(formatTimestamp(BigInt(milliseconds) * 1000n), trimmed);
    }),
  );
});

test('durations are formatted as ISO 8601', () => {
  assert.equal(formatDuration(0n), 'PT0S');
  assert.equal(formatDuration(18_574_200_000_000n), 'P214DT23H30M');
  assert.equal(formatDuration(86_400_000_000n), 'P1D');
  assert.equal(formatDuration(1n), 'PT0.000001S');
  assert.equal(formatDuration(60_500_000n), 'PT1M0.5S');
  assert.equal(formatDuration(-3_600_000_000n), '-PT1H');
});

test('seconds are exact to the microsecond for 272 years', () => {
  assert.equal(JSON.stringify(secondsOf(8_499_999_999_123_457n)), '8499999999.123457');
  assert.equal(JSON.stringify(secondsOf(18_574_200_000_000n)), '18574200');
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 33n * 1_000_000n - 1n }), (micros) => {
      const [whole, decimals = ''] = secondsOf(micros).toFixed(6).split('.');
      assert.equal(BigInt(whole + decimals.padEnd(6, '0')), micros);
    }),
  );
});
