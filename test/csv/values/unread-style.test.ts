import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyText } from '../../../src/csv/values/classify-text.ts';
import { numberLikeTime } from '../../../src/csv/values/number-like-time.ts';
import { type UnreadStyle, unreadStyle } from '../../../src/csv/values/unread-style.ts';
import { decide, warningCodes } from './deciding.ts';

const STYLES: Readonly<Record<UnreadStyle, readonly string[]>> = {
  currency: ['$1,250.00', '-$5', '$-5', '€ 5', '5 €', '1.250,00 €', 'EUR 5', '5 USD', 'R$ 5,00', '1 250,50 kr'],
  percent: ['12%', '12,5 %', '-3 %', '5‰'],
  unit: ['5 kg', '20.5 °C', '20°C', '100ms'],
  parentheses: ['(123)', '(1,250.00)', '($5.00)'],
  trailing_sign: ['123-', '1.250,50-', '5−'],
  detached_sign: ['- 5', '+ 5'],
  other_minus: ['−5', '–5.5', '－5'],
  plus: ['+5', '+1.5', '+123456'],
  other_digits: ['١٢٣', '１２３', '१२३'],
  uneven_groups: ['1,25,000', '12,00,000.50', '1,2345,678'],
  underscores: ['1_000', '-1_000.5'],
  hexadecimal: ['0x1F', '0XFF'],
  other_exponent: ['1.5D+03', '1.5x10^3', '1,5 × 10^-3'],
  too_many_digits: ['9223372036854775808', '9007199254740993.0'],
  invisible: ['\u200b5', '5\u200e', '\u202a2024-01-02'],
  zone_name: ['2024-11-03 01:30:00 EST', '03.11.2024 01:30 CET', '2024-11-03T01:30:00+01:00[Europe/Berlin]'],
  in_brackets: ['[02/Jan/2024:10:00:00 +0000]', '(2024-01-02)'],
  behind_time: ['13.11.2024 01:30 Uhr', '2024-01-02 10:00:00 Mon'],
  behind_date: ['13/11/2024 01h30', '02-JAN-24 10.00.00.000000 AM', '2024-01-01 1:5:3', '2024-01-01T1:5'],
  impossible: ['2024-31-12', '0024-01-02', '2016-12-31T23:59:60Z', 'Tue 2 Jan 2024 0:30 AM', '2024-02-30'],
  no_year: ['Jan  2 10:00:00', '2 Jan 10:00'],
  ordinal: ['January 1st, 2024', '1st of January 2024', '22nd Feb 2024'],
  month_name: ['1. Januar 2024', '1 janv. 2024', '15-Ene-2024', '1 de enero de 2024', '2024年1月2日'],
  no_day: ['2024-01', '01/2024', 'Jan 2024', 'Mar-24', '2024 March'],
  week: ['2024-W05', '2024-W05-1', '2024-Q1', 'Q1 2024'],
};

describe('a text that is not read, but looks like a number or a time', () => {
  for (const [style, texts] of Object.entries(STYLES)) {
    it(`is known by its style: ${style}`, () => {
      for (const text of texts) {
        assert.equal(classifyText(text.trim()), 0, `${text} is read`);
        assert.equal(unreadStyle(text), style, text);
      }
    });
  }

  it('is not any text with a digit', () => {
    const texts = [
      '',
      'abc',
      'A-5',
      '12 monkeys',
      '192.168.1.1',
      '1.2.3',
      '03045',
      '5/8',
      'B2B 2024',
      'Q1',
      '555-1234',
    ];
    const more = ['12 Main St', 'Straße 5, 10115 Berlin', '+4930123456', '12345-6789', '#5', '2024-01-02 Meeting'];
    const codes = ['12-34-56', '99/99/99', '25:00', '100:00:00'];
    for (const text of [...texts, ...more, ...codes, '$'.repeat(1000), '1'.repeat(1000)])
      assert.equal(unreadStyle(text), null, text);
  });

  it('is named where it keeps one value from being read', () => {
    const messages = (...a: string[]): string =>
      decide({ a })
        .warnings.map(({ message }) => message)
        .join(' ');
    assert.match(messages('1e5', '5'), /Line 2: '1e5' may be a code as well as a number\.$/);
    assert.match(messages('5%', '5', '6'), /Line 2: '5%' has a percent sign\.$/);
    assert.match(messages('2024-31-12'), /'2024-31-12' in line 2 names a day or a time of day that does not exist/);
  });

  it('is reported if most values of a column look like that, together with those that are read', () => {
    const [warning] = decide({ a: ['$5', '12%', '7', 'free'] }).warnings;
    assert.equal(warning?.code, 'nearly_typed');
    assert.match(
      warning.message,
      /^Column 'a' is text: '\$5' in line 2 has a currency sign, and is not read as a number\./,
    );
    assert.deepEqual(warningCodes(decide({ a: ['Bob', 'Ann 5%', '5%', 'Eve'] })), []);
    assert.deepEqual(warningCodes(decide({ a: ['5%', '2024-01', 'x', 'y', 'z'] })), []);
  });
});

describe('a number that may be a time', () => {
  const cases: readonly [name: string, text: string, remedy: string | null][] = [
    ['t', '20240101120000', 'columns=t:%Y%m%d%H%M%S reads them as times.'],
    ['id', '20240101120000123', 'columns=id:%Y%m%d%H%M%S%f reads them as times.'],
    ['a,b', '20240101120000.5', 'columns=[{"name":"a,b","format":"%Y%m%d%H%M%S.%f"}] reads them as times.'],
    ['id', '20241301120000', null],
    ['ts', '1700000000', 'columns=ts:epoch_s reads them as times.'],
    ['eventTime', '1700000000123', 'columns=eventTime:epoch_ms reads them as times.'],
    ['created_at', '1700000000123456', 'columns=created_at:epoch_us reads them as times.'],
    ['unix ts', '1700000000123456789', 'columns=unix ts:epoch_ns reads them as times.'],
    ['items', '1700000000', null],
    ['ts', '17', null],
    ['Order Date', '45292', 'To store them as dates, give the cells a date format before the export.'],
    ['amount', '45292', null],
  ];
  for (const [name, text, remedy] of cases) {
    it(`is ${remedy === null ? 'not reported' : 'reported'}: ${text} in ${name}`, () => {
      assert.equal(numberLikeTime(name, text)?.remedy ?? null, remedy);
    });
  }

  it('is a note if it is usual, and nothing once the column has a type', () => {
    const { warnings } = decide({ ts: ['1700000000', '1700000060'] });
    assert.deepEqual(
      warnings.map(({ code, isNote, message }) => [code, isNote, message]),
      [
        [
          'numbers_like_times',
          true,
          "Column 'ts' is read as numbers. '1700000000' in line 2 may be 2023-11-14 22:13:20 in UTC, in seconds since 1970. columns=ts:epoch_s reads them as times.",
        ],
      ],
    );
  });
});
