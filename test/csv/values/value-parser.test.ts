import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { classifyText, trimmed } from '../../../src/csv/values/classify-text.ts';
import { DEFAULT_NULLS } from '../../../src/csv/values/column-evidence.ts';
import { acceptsReadings } from '../../../src/csv/values/readings.ts';
import { classifierFor, parserFor } from '../../../src/csv/values/value-parser.ts';
import type { ValueFormat } from '../../../src/model/value-format.ts';
import { processorMs } from '../../processor-time.ts';
import { FORMATS, texts } from './any-values.ts';
import { DATE, INTEGER, NUMBER, read, UTC } from './reading.ts';

describe('the parser of a format', () => {
  it('accepts exactly the texts that have its reading', () => {
    const parsers = FORMATS.map((format) => ({
      format,
      parser: parserFor(format, new Set()),
      accepts: acceptsReadings(format),
      classify: classifierFor('pattern' in format ? format.pattern : null),
    }));
    fc.assert(
      fc.property(texts, (text) => {
        for (const { format, parser, accepts, classify } of parsers) {
          const value = parser.parse(text);
          if (format.type === 'text') assert.equal(value, text);
          else if (trimmed(text) === '') assert.equal(value, null);
          else
            assert.equal(
              typeof value === 'string',
              accepts(classify(trimmed(text))),
              `${JSON.stringify(format)} ${text}`,
            );
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('writes values that it reads as the same again', () => {
    const canonical = (format: ValueFormat): ValueFormat =>
      format.type === 'integer'
        ? INTEGER
        : format.type === 'number'
          ? NUMBER
          : format.type === 'date'
            ? DATE
            : format.type === 'timestamp'
              ? UTC
              : format;
    fc.assert(
      fc.property(texts, fc.constantFrom(...FORMATS), (text, format) => {
        const value = parserFor(format, new Set()).parse(text);
        if (typeof value !== 'string' || format.type === 'text') return;
        const again = parserFor(canonical(format), new Set()).parse(value);
        if (format.type === 'number')
          assert.ok(Object.is(numberOf(String(again)), numberOf(value)), `${text} ${value} ${again}`);
        else assert.equal(again, value);
      }),
      { numRuns: 5000 },
    );
  });

  function numberOf(text: string): number {
    return Number({ nan: 'NaN', inf: 'Infinity', '-inf': '-Infinity' }[text] ?? text);
  }

  it('writes the double that was written, whatever its form', () => {
    const forms = [
      String,
      (x: number) => x.toExponential(),
      (x: number) => `${x < 0 ? '-' : ''}${Math.abs(x).toFixed(8)}`,
    ];
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...forms), (double, form) => {
        const text = form(double);
        const [value] = read(NUMBER, [text]);
        // A whole number past what a float shows, or digits-E-digits with zeros, is no number.
        if (String(value).startsWith('rejected')) return;
        assert.ok(Object.is(Number(value), Number(text)), `${text} became ${value}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads nulls: empty fields, spaces, and null words; only text keeps them', () => {
    const nulls = [null, '', '  ', 'NA', ' NULL ', '\\N', '-', 'None', '#N/A'];
    for (const format of [INTEGER, NUMBER, DATE, UTC, { type: 'boolean' }, { type: 'unknown' }] as const)
      assert.deepEqual(
        read(format, nulls),
        nulls.map(() => null),
      );
    assert.deepEqual(read({ type: 'text' }, nulls), nulls);
    assert.deepEqual(read(INTEGER, ['NA', '-999'], new Set(['-999'])), ['rejected: not_integer', null]);
    assert.ok(DEFAULT_NULLS.has('NaT'));
  });

  it('reads no more than true and false as boolean', () => {
    assert.deepEqual(read({ type: 'boolean' }, ['true', 'FALSE', ' True ', 't', 'yes', '1', 'truE!']), [
      'true',
      'false',
      'true',
      ...Array(4).fill('rejected: not_boolean'),
    ]);
  });

  const reasons: readonly [ValueFormat, string, code: string, reason: RegExp][] = [
    [INTEGER, '007', 'leading_zero', /^has a leading zero, which a whole number does not keep$/],
    [INTEGER, '-007', 'leading_zero', /zero/],
    [INTEGER, '+49', 'leading_plus', /^has a leading plus sign/],
    [INTEGER, '1.5', 'has_fraction', /^is not a whole number$/],
    [INTEGER, '1e5', 'has_fraction', /^is not a whole number$/],
    [INTEGER, '1,250', 'other_number_style', /^is not a whole number without thousands marks$/],
    [INTEGER, '9223372036854775808', 'out_of_range', /outside the range of whole numbers/],
    [INTEGER, '1_000', 'not_integer', /^is not a whole number: it has underscores between its digits$/],
    [INTEGER, 'x'.repeat(1000), 'not_integer', /^is not a whole number$/],
    [NUMBER, '007.5', 'leading_zero', /a number does not keep/],
    [NUMBER, '+1.5', 'leading_plus', /plus/],
    [
      NUMBER,
      '12,50',
      'other_number_style',
      /^is not a number with a decimal point \(decimal=\.\), without thousands marks$/,
    ],
    [
      { type: 'number', decimal: ',', thousands: '.' },
      '12.50',
      'other_number_style',
      /decimal comma \(decimal=,\), with points between/,
    ],
    [NUMBER, '9007199254740993', 'too_many_digits', /more digits than a 64-bit/],
    [NUMBER, '9007199254740993.0', 'too_many_digits', /more digits than a 64-bit/],
    [NUMBER, '1e400', 'out_of_range', /outside the range of 64-bit/],
    [NUMBER, '47E0021', 'not_number', /^is not a number$/],
    [NUMBER, 'kg', 'not_number', /^is not a number$/],
    [DATE, '2024-02-30', 'no_such_day', /^is not a date: there is no 30 February$/],
    [DATE, '2023-02-29', 'no_such_day', /^is not a date: there is no 29 February 2023$/],
    [DATE, '2024-13-01', 'no_such_day', /there is no month 13/],
    [DATE, '0999-01-01', 'no_such_day', /years are 1000 to 9999/],
    [DATE, '2024-01-02 10:00', 'has_clock_time', /^has a time of day, which a date does not keep$/],
    [DATE, '02/03/2024', 'ambiguous_date', /^can be read as different days$/],
    [DATE, 'Wed, 02 Jan 2024', 'wrong_weekday', /that day is a Tuesday/],
    [DATE, 'Total', 'not_date', /^is not a date$/],
    [DATE, '12:30', 'not_date', /^is not a date$/],
    [
      { type: 'date', order: 'mdy', pattern: null },
      '31/12/2024',
      'other_date_order',
      /^is not a date with the month first \(date_order=mdy\)$/,
    ],
    [{ type: 'date', order: 'dmy', pattern: null }, '31/11/2024', 'no_such_day', /there is no 31 November/],
    [{ type: 'date', order: 'dmy', pattern: null }, '1/13/24x', 'not_date', /^is not a date$/],
    [
      { type: 'date', order: null, pattern: '%d.%m.%Y' },
      '2024-01-02',
      'not_date',
      /^is not a date written as %d\.%m\.%Y$/,
    ],
    [UTC, '2024-01-02 99:00:00', 'no_such_clock_time', /^is not a date and time: there is no such time of day$/],
    [UTC, '2016-12-31 23:59:60', 'no_such_clock_time', /leap seconds cannot be stored/],
    [UTC, '2024-01-02 10:00+99:00', 'no_such_clock_time', /no such offset/],
    [UTC, '9999-12-31T23:00:00-05:00', 'no_such_day', /outside of the years 1000 to 9999/],
    [{ type: 'boolean' }, 'yes', 'not_boolean', /^is not true or false$/],
  ];
  for (const [format, text, code, reason] of reasons) {
    it(`says of '${text.slice(0, 30)}' why it is no ${format.type}`, () => {
      const value = parserFor(format, DEFAULT_NULLS).parse(text);
      assert.ok(value !== null && typeof value === 'object', String(value));
      assert.equal(value.code, code);
      assert.match(value.reason, reason);
    });
  }

  it('gives a reason for every text that it rejects', () => {
    fc.assert(
      fc.property(texts, fc.constantFrom(...FORMATS), (text, format) => {
        const value = parserFor(format, new Set()).parse(text);
        if (value === null || typeof value === 'string') return;
        assert.match(value.reason, /^(is|has|can|does) /);
        assert.match(value.code, /^[a-z_]+$/);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes a midnight for a day', () => {
    assert.deepEqual(
      read(DATE, [
        '2024-01-02 00:00:00',
        '2024-01-02T00:00Z',
        '20240102',
        '2024-01-02 12:00 AM',
        '2024-01-02 00:00+01:00',
      ]),
      ['2024-01-02', '2024-01-02', '2024-01-02', '2024-01-02', 'rejected: has_clock_time'],
    );
  });

  it('needs constant time for a text that is too long to be a value', async () => {
    const long = `1${'0'.repeat(10_000_000)}`;
    const tookMs = await processorMs(() => {
      for (let round = 0; round < 1000; round++) assert.equal(classifyText(long), 0);
    });
    assert.ok(tookMs < 1000, `${tookMs} ms`);
  });
});
