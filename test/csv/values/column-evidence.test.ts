import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { FieldShape } from '../../../src/csv/field-shapes.ts';
import { classifyText } from '../../../src/csv/values/classify-text.ts';
import { readingsOfShapes } from '../../../src/csv/values/clean-columns.ts';
import {
  type ColumnEvidence,
  EvidenceCollector,
  mergeEvidence,
  valuesWhere,
} from '../../../src/csv/values/column-evidence.ts';
import { BOOLEAN, INTEGER } from '../../../src/csv/values/readings.ts';
import { shapedFields } from '../shaped-texts.ts';

function collect(lines: readonly (readonly [text: string | null, line: number])[]): ColumnEvidence {
  const collector = new EvidenceCollector();
  for (const [text, line] of lines) collector.add(text, line);
  return collector.evidence;
}

const texts = fc.constantFrom(
  '1',
  '2',
  '1.5',
  '1.250',
  '1,250',
  'x',
  'NA',
  '-',
  '  ',
  '',
  null,
  '2024-01-02',
  '02/03/04',
  '31/12/24',
  '12-11-10',
  'true',
  '47E1',
);
const lines = fc.uniqueArray(fc.tuple(texts, fc.integer({ min: 1, max: 10_000 })), {
  selector: ([, line]) => line,
  maxLength: 60,
});

describe('the evidence of a column', () => {
  it('is the same whatever the order of the values and the segments that they come in', () => {
    fc.assert(
      fc.property(
        lines,
        fc.array(fc.nat(3), { minLength: 60, maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (all, parts, keys) => {
          const shuffled = all.map((line) => [keys.next().value as number, line] as const).sort(([a], [b]) => a - b);
          const segments = [0, 1, 2, 3].map((part) =>
            collect(shuffled.filter((_, at) => parts[at] === part).map(([, line]) => line)),
          );
          assert.deepEqual(sorted(mergeEvidence(segments)), sorted(collect(all)));
        },
      ),
    );
  });

  function sorted({ values, nulls, ...rest }: ColumnEvidence) {
    return {
      values: [...values].sort(([a], [b]) => a - b),
      nulls: [...nulls].sort(([a], [b]) => (a < b ? -1 : 1)),
      ...rest,
    };
  }

  it('counts every value once, and none that is empty', () => {
    const evidence = collect([
      ['1', 2],
      ['', 3],
      [null, 4],
      ['x', 5],
      ['NA', 6],
      [' ', 7],
      ['2', 8],
      ['NA', 9],
    ]);
    assert.deepEqual(
      valuesWhere(evidence, () => true),
      { count: 3, line: 2, text: '1' },
    );
    assert.deepEqual(
      valuesWhere(evidence, (readings) => (readings & INTEGER) !== 0),
      { count: 2, line: 2, text: '1' },
    );
    assert.deepEqual(
      valuesWhere(evidence, (readings) => readings === 0),
      { count: 1, line: 5, text: 'x' },
    );
    assert.equal(
      valuesWhere(evidence, (readings) => (readings & BOOLEAN) !== 0),
      null,
    );
    assert.deepEqual(
      [...evidence.nulls],
      [
        ['NA', { count: 2, line: 6, text: 'NA' }],
        ['', { count: 1, line: 7, text: '' }],
      ],
    );
  });

  it('keeps no more than 200 characters of a text, and no half of a character', () => {
    const evidence = collect([[`x${'é'.repeat(300)}`, 2]]);
    assert.equal(evidence.values.get(0)?.text, `x${'é'.repeat(199)}…`);
    assert.equal(collect([[`x${'😀'.repeat(300)}`, 2]]).values.get(0)?.text, `x${'😀'.repeat(99)}…`);
  });

  it('does not grow with the number of values, nor with their variety', () => {
    const collector = new EvidenceCollector();
    const styles = [
      String,
      (n: number) => `${n}.5`,
      (n: number) => `${n},${n}`,
      (n: number) => `${n % 28}/${n % 12}/${n % 100}`,
      (n: number) => `text ${n}`,
    ];
    for (let n = 0; n < 200_000; n++) collector.add((styles[n % styles.length] as (n: number) => string)(n), n);
    assert.ok(collector.evidence.values.size < 100, String(collector.evidence.values.size));
  });

  it('can be sent to another thread', () => {
    const evidence = collect([
      ['1', 2],
      ['NA', 3],
    ]);
    assert.deepEqual(structuredClone(evidence), evidence);
  });
});

describe('the shapes of clean columns', () => {
  const SHAPES: readonly (readonly [RegExp, FieldShape])[] = [
    [/^-?([1-9]\d{0,17}|(?<!-)0)$/, 'whole'],
    [/^-?(0|[1-9]\d*)\.\d+$|^-?[1-9]\d{0,14}$|^0$/, 'decimal'],
    [/^[1-9]\d{3}-\d\d-\d\d$/, 'date'],
    [/^[1-9]\d{3}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/, 'timestamp'],
  ];

  it('promise no reading that a text of these shapes lacks, unless there is no such time', () => {
    fc.assert(
      fc.property(shapedFields, ({ text }) => {
        const shapes = SHAPES.filter(([pattern]) => pattern.test(text) && text.length <= 32).map(([, shape]) => shape);
        const readings = classifyText(text);
        if (shapes.length === 0 || (shapes.includes('timestamp') && readings === 0)) return;
        // Only ambiguous numbers are not surely numbers, and only days and midnights have no time of day.
        const promised = readingsOfShapes(shapes) & ((1 << 18) - 1);
        if (shapes.includes('decimal') && readings === 0) return;
        assert.equal(readings & promised, promised, text);
      }),
      { numRuns: 3000 },
    );
  });
});
