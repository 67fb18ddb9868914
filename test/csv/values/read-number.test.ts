import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classifyText } from '../../../src/csv/values/classify-text.ts';
import {
  AMBIGUOUS_NUMBER,
  ANY_INTEGER,
  ANY_NUMBER,
  ANY_NUMERIC,
  EXPONENT_ONLY,
  INEXACT,
} from '../../../src/csv/values/readings.ts';
import type { ValueFormat } from '../../../src/model/value-format.ts';
import { read } from './reading.ts';

type Marks = readonly [decimal: '.' | ',', thousands: ',' | '.' | ' ' | "'" | null];

function number([decimal, thousands]: Marks): ValueFormat {
  return { type: 'number', decimal, thousands };
}

describe('numbers', () => {
  const exact: readonly [text: string, marks: Marks, canonical: string][] = [
    ['0', ['.', null], '0'],
    ['-0', ['.', null], '-0'],
    ['42', [',', '.'], '42'],
    ['1.5', ['.', null], '1.5'],
    ['-0.25', ['.', ','], '-0.25'],
    ['.5', ['.', null], '0.5'],
    ['-.5', ['.', null], '-0.5'],
    ['5.', ['.', null], '5'],
    [',5', [',', null], '0.5'],
    ['1234567.891', ['.', ','], '1234567.891'],
    ['12,50', [',', null], '12.50'],
    ['2.418,75', [',', '.'], '2418.75'],
    ['2,418.75', ['.', ','], '2418.75'],
    ['1,234,567', ['.', ','], '1234567'],
    ['1 234 567,8', [',', ' '], '1234567.8'],
    ['1\u00a0234', ['.', ' '], '1234'],
    ['1\u202f234,5', [',', ' '], '1234.5'],
    ["1'234.50", ['.', "'"], '1234.50'],
    ['1’234’567', [',', "'"], '1234567'],
    ['1.250', ['.', null], '1.250'],
    ['1.250', [',', '.'], '1250'],
    ['1,250', [',', null], '1.250'],
    ['1,250', ['.', ','], '1250'],
    ['1.5e3', ['.', null], '1500'],
    ['2E-05', ['.', null], '0.00002'],
    ['1e+21', ['.', null], '1e+21'],
    ['1,5e-7', [',', null], '1.5e-7'],
    ['NaN', ['.', null], 'nan'],
    ['inf', [',', '.'], 'inf'],
    ['-Infinity', ['.', null], '-inf'],
    ['9007199254740992', ['.', null], '9007199254740992'],
    ['10000000000000000000000', ['.', null], '1e+22'],
    ['0.1000000000000000055511151231257827', ['.', null], '0.1'],
  ];
  for (const [text, marks, canonical] of exact) {
    it(`reads ${text} with decimal ${marks[0]} and thousands ${marks[1]} as ${canonical}`, () => {
      assert.deepEqual(read(number(marks), [text, `  ${text}\t`]), [canonical, canonical]);
      assert.ok(Object.is(Number(canonical.replace('nan', 'NaN').replace('inf', 'Infinity')), plainly(text, marks)));
    });
  }

  /** The number by removing and replacing marks only. */
  function plainly(text: string, [decimal, thousands]: Marks): number {
    const words: Record<string, number> = { NaN: Number.NaN, inf: Infinity, '-Infinity': -Infinity };
    const bare = thousands === null ? text : text.replace(/[^\d.,e-]/gi, '').replaceAll(thousands, '');
    return words[text] ?? Number(decimal === ',' ? bare.replace(',', '.') : bare);
  }

  const never = [
    ...['', '-', '.', '-.', ',', '1..5', '1,,5', '1.5.', '.1.5', '1 2', '1  234', '1 23', '12 34', '--1', '1-', '1-2'],
    ...['007', '-007', '00', '00.5', '-00', '01.5', '0,250.5', '0.250,5', '01,250', '0 250', '+5', '+49123', '+1.5'],
    ...[
      '1_000',
      '0x10',
      '1,23,456',
      '1234,567.5',
      '1,2345.6',
      '1.234.56',
      '1,234.567,8',
      '1,234.567,890',
      '1 234.567 890',
      '1.250.',
      '1,250,',
    ],
    ...[
      '1e400',
      '-1e400',
      '1e-400',
      '1e',
      'e5',
      '1e5.5',
      '1.5e+',
      '47E0021',
      '1e05',
      '1,250e3e',
      '1.250,5e3',
      '1 250e3',
    ],
    ...['1.2.3', '$5', '5%', '5 kg', '(5)', '−5', '٣', '１２', 'nan5', 'infinite', '+inf', '1.5f', '5L', '1/2', '½'],
    ...[
      '9007199254740993.0',
      '9007199254740993.5',
      '12345678901234567890123',
      '9223372036854775809',
      '-9223372036854775809',
    ],
  ];
  for (const text of never) {
    it(`does not read '${text}'`, () => assert.equal(classifyText(text) & ANY_NUMERIC, 0));
  }

  it('reads whole numbers of 64 bits as integers, and those that a float keeps as numbers, too', () => {
    for (const [text, integer, float] of [
      ['9007199254740991', true, true],
      ['9007199254740993', true, false],
      ['-9007199254740993', true, false],
      ['9223372036854775807', true, false],
      ['-9223372036854775808', true, false],
      ['9223372036854775808', false, false],
      ['9,007,199,254,740,993', true, false],
      ['-0', false, true],
    ] as const) {
      assert.equal((classifyText(text) & ANY_INTEGER) !== 0, integer, text);
      assert.equal((classifyText(text) & ANY_NUMBER) !== 0, float, text);
    }
    assert.deepEqual(read({ type: 'integer', thousands: ',' }, ['9,223,372,036,854,775,807', '12', '-1,000']), [
      '9223372036854775807',
      '12',
      '-1000',
    ]);
  });

  it('marks what can be read in two ways', () => {
    for (const text of ['1.250', '-1.250', '999,000', '12.345'])
      assert.ok((classifyText(text) & AMBIGUOUS_NUMBER) !== 0, text);
    for (const text of [
      '0.250',
      '1234.567',
      '1.25',
      '1.2500',
      '.250',
      '1.250.000',
      '1 250',
      "1'250",
      '1250',
      '1.250e3',
    ])
      assert.equal(classifyText(text) & AMBIGUOUS_NUMBER, 0, text);
    for (const text of ['1e5', '47E21', '-3e2']) assert.ok((classifyText(text) & EXPONENT_ONLY) !== 0, text);
    for (const text of ['1.5e3', '1e-5', '1e+5', '1,5e3', '5.e3']) {
      assert.ok((classifyText(text) & ANY_NUMBER) !== 0, text);
      assert.equal(classifyText(text) & EXPONENT_ONLY, 0, text);
    }
  });

  it('counts digits behind the decimal mark that a float does not keep', () => {
    for (const text of [
      '0.12345678901234567890',
      '1.00000000000000001',
      '123456789.12345678901',
      '1.2345678901234567890e5',
    ])
      assert.ok((classifyText(text) & INEXACT) !== 0, text);
    for (const text of [
      '0.1',
      '0.30000000000000004',
      '3.141592653589793',
      '1234567890123456.5',
      '0.10000000000000000000',
    ])
      assert.equal(classifyText(text) & INEXACT, 0, text);
  });
});
