import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { surelyExists } from '../../../src/csv/values/surely-exists.ts';
import { parserFor } from '../../../src/csv/values/value-parser.ts';

const TIMESTAMP = parserFor({ type: 'timestamp', order: null, pattern: null, timeZone: 'UTC' }, new Set());

const digits = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'));
/** Texts of the shape `moment`, whether they exist or not. */
const moments = fc
  .tuple(
    fc.integer({ min: 1000, max: 9999 }),
    digits(14),
    digits(33),
    fc.constantFrom('', ' ', 'T'),
    digits(25),
    digits(61),
    fc.option(digits(61), { nil: null }),
    fc.constantFrom('', '.5', '.123456'),
  )
  .map(([year, month, day, separator, hour, minute, second, fraction]) => {
    if (separator === '') return `${year}-${month}-${day}`;
    const seconds = second === null ? '' : `:${second}${fraction}`;
    return `${year}-${month}-${day}${separator}${hour}:${minute}${seconds}`;
  });

it('finds only days and clock times that exist, and most of them', () => {
  let sure = 0;
  let accepted = 0;
  fc.assert(
    fc.property(moments, (text) => {
      const value = TIMESTAMP.parse(text);
      const exists = typeof value === 'string';
      if (exists) accepted++;
      if (!surelyExists(text)) return;
      sure++;
      assert.ok(exists, text);
    }),
    { numRuns: 5000 },
  );
  assert.ok(sure > accepted / 2, `${sure} of ${accepted}`);
});

it('is not sure of what may not exist, or is empty', () => {
  for (const text of ['2024-02-29', '2023-02-29', '2024-13-01', '2024-00-10', '2024-01-00', '2024-01-01 24:00', ''])
    assert.equal(surelyExists(text), false, text);
});
