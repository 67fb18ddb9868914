import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_NULLS, EvidenceCollector } from '../../../src/csv/values/column-evidence.ts';
import { decidePair, type PairFormat, pairParserFor } from '../../../src/csv/values/combine-columns.ts';
import { incompletePairsWarning } from '../../../src/csv/values/format-warnings.ts';
import type { ValueOptions } from '../../../src/csv/values/value-options.ts';
import { parserFor } from '../../../src/csv/values/value-parser.ts';
import { decide } from './deciding.ts';

interface More {
  readonly options?: Partial<ValueOptions>;
  readonly clockPattern?: string;
  readonly timeZone?: string;
}

function pair(days: readonly string[], clocks: readonly string[], { options, clockPattern, timeZone }: More = {}) {
  const decision = decide({ Date: days }, options ? { options } : {}).columns[0] as ReturnType<
    typeof decide
  >['columns'][number];
  const collected = (texts: readonly string[], pattern: string | null = null) => {
    const collector = new EvidenceCollector(DEFAULT_NULLS, pattern);
    for (const [index, text] of texts.entries()) collector.add(text, index + 2);
    return collector.evidence;
  };
  const pattern = clockPattern ?? null;
  return decidePair(
    { decision, evidence: collected(days) },
    { name: 'Time', evidence: collected(clocks, pattern), pattern },
    timeZone ?? null,
  );
}

function read(format: ReturnType<typeof pair>, texts: readonly (readonly [string | null, string | null])[]) {
  assert.ok('type' in format, 'problem' in format ? format.problem : '');
  const parser = pairParserFor(format as PairFormat, DEFAULT_NULLS);
  const values = texts.map(([day, clock], index) => parser.parse(day, clock, index + 2));
  return { values: values.map((value) => (value !== null && typeof value === 'object' ? value.code : value)), parser };
}

describe('a column of days and one of times of day', () => {
  it('are one time', () => {
    const format = pair(['2003-05-17', '2003-05-17'], ['08:15:00 AM', '01:15:00 PM']);
    assert.deepEqual(
      read(format, [
        ['2003-05-17', '08:15:00 AM'],
        [' 2003-05-17', '1:15 PM '],
        ['2003-05-17', '24:00'],
      ]).values,
      ['2003-05-17 08:15:00', '2003-05-17 13:15:00', '2003-05-18 00:00:00'],
    );
  });

  it('are read in the order of the days, and in the time zone', () => {
    const format = pair(['31/03/2024', '27/10/2024'], ['02:30', '10:00'], { timeZone: 'Europe/Berlin' });
    const { values, parser } = read(format, [
      ['30/03/2024', '02:30'],
      ['31/03/2024', '02:30'],
      ['27/10/2024', '02:30'],
      ['27/10/2024', '02:30:00Z'],
    ]);
    assert.deepEqual(values, [
      '2024-03-30 01:30:00',
      'no_such_local_time',
      '2024-10-27 00:30:00',
      '2024-10-27 02:30:00',
    ]);
    assert.deepEqual(parser.ambiguousTimes, { count: 1, line: 4, text: '27/10/2024 02:30' });
  });

  it('are null where one of them is, which is counted', () => {
    const { values, parser } = read(pair(['2024-01-02'], ['10:00']), [
      ['2024-01-02', null],
      [null, '10:00'],
      ['NA', ''],
      [null, null],
      ['2024-01-02', '10:00'],
    ]);
    assert.deepEqual(values, [null, null, null, null, '2024-01-02 10:00:00']);
    assert.deepEqual(parser.incomplete, { count: 2, line: 2, text: '2024-01-02' });
    assert.equal(
      incompletePairsWarning(['Date', 'Time'], parser.incomplete)?.message,
      "2 rows with only one of the columns 'Date' and 'Time' got no time. Line 2: '2024-01-02'.",
    );
  });

  it('are rejected where one of them is neither', () => {
    const { values } = read(pair(['2024-01-02'], ['10:00']), [
      ['2024-02-30', '10:00'],
      ['2024-01-02', '25:00'],
      ['2024-01-02', '2024-01-02 10:00'],
      ['2024-01-02 10:00', '10:00'],
      ['9999-12-31', '24:00'],
    ]);
    assert.deepEqual(values, ['no_such_day', 'not_clock_time', 'not_clock_time', 'has_clock_time', 'no_such_day']);
  });

  it('may be midnights and times in a declared format', () => {
    const midnights = pair(['2024-01-02 00:00:00', '2024-01-03 00:00:00'], ['0815', '1315'], { clockPattern: '%H%M' });
    assert.deepEqual(read(midnights, [['2024-01-02 00:00:00', '0815']]).values, ['2024-01-02 08:15:00']);
    const columns = { date: { type: 'date', pattern: '%d%m%Y', timeZone: null } } as const;
    const declared = pair(['02012024'], ['08:15'], { options: { columns } });
    assert.deepEqual(read(declared, [['02012024', '08:15']]).values, ['2024-01-02 08:15:00']);
  });

  it('are refused for two columns of another kind', () => {
    const problem = (format: ReturnType<typeof pair>): string => ('problem' in format ? format.problem : '');
    assert.equal(problem(pair(['x', 'y'], ['10:00'])), "Column 'Date' has no days: it is text.");
    assert.equal(problem(pair(['', ''], ['10:00'])), "Column 'Date' has no days: it is empty.");
    assert.equal(
      problem(pair(['2024-01-01', '2024-01-02', 'Total'], ['10:00'])),
      "Column 'Date' has no days: it is text: 1 of 3 values is not a date. Line 4: 'Total'.",
    );
    assert.equal(
      problem(pair(['2024-01-02 10:00'], ['10:00'])),
      "Column 'Date' already has times of day. Line 2: '2024-01-02 10:00'.",
    );
    assert.equal(problem(pair(['2024-01-02'], ['7'])), "Column 'Time' has no times of day. Line 2: '7'.");
  });

  it('give the same time as both in one text', () => {
    const days = fc.constantFrom('2024-01-02', '20240102', '2 Jan 2024', '2024/1/2', 'Tue, 2 Jan 2024');
    const clocks = fc
      .tuple(
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: 0, max: 59 }),
        fc.constantFrom('', ':07', ':59.5', ':00Z', ':00 +02:00'),
      )
      .map(([hour, minute, rest]) => `${hour}:${String(minute).padStart(2, '0')}${rest}`);
    const format: PairFormat = {
      type: 'pair',
      day: { type: 'date', order: null, pattern: null },
      clockPattern: null,
      timeZone: 'America/New_York',
    };
    const one = { type: 'timestamp', order: null, pattern: null, timeZone: 'America/New_York' } as const;
    fc.assert(
      fc.property(days, clocks, (day, clock) => {
        assert.deepEqual(
          pairParserFor(format, DEFAULT_NULLS).parse(day, clock),
          parserFor(one, DEFAULT_NULLS).parse(`${day} ${clock}`),
        );
      }),
    );
  });
});
