import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { FieldShape } from '../../src/csv/field-shapes.ts';
import { RecordCutter } from '../../src/csv/record-cutter.ts';
import { chunks, split } from './cutting.ts';
import { shapedTexts } from './shaped-texts.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The shapes, said once more in another way. */
const PATTERNS: Readonly<Record<FieldShape, RegExp>> = {
  whole: /^(0|-?[1-9]\d{0,17})$/,
  decimal: /^(0|-?[1-9]\d{0,14}|(?=.{1,32}$)-?(0|[1-9]\d*)\.\d+)$/,
  day: /^[1-9]\d{3}-\d\d-\d\d$/,
  moment: /^[1-9]\d{3}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?$/,
};
const NAMES = Object.keys(PATTERNS) as FieldShape[];

function shapesOf(pieces: readonly Buffer[], columns: number): readonly (readonly FieldShape[])[] {
  const cutter = new RecordCutter({ columns, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
  for (const piece of pieces) cutter.push(piece);
  cutter.end();
  return cutter.takeShapes();
}

describe('the shapes of fields', () => {
  it('are those that all fields of a column have, however the bytes are cut into chunks', () => {
    const rows = fc
      .integer({ min: 1, max: 4 })
      .chain((columns) =>
        fc.tuple(...Array.from({ length: columns }, () => fc.array(shapedTexts, { minLength: 1, maxLength: 3 }))),
      );
    fc.assert(
      fc.property(rows, fc.boolean(), chunks, (columns, finalNewline, shares) => {
        const length = Math.max(...columns.map((texts) => texts.length));
        const table = Array.from({ length }, (_, row) => columns.map((texts) => texts[row % texts.length] ?? ''));
        const lines = table.map((fields) => fields.join(','));
        // A record of nothing is none where there are several columns, and null where there is one.
        const text = Buffer.from(lines.join('\n') + (finalNewline || lines.at(-1) === '' ? '\n' : ''));
        const expected = columns.map((_, index) =>
          NAMES.filter((name) =>
            table.every((fields) => fields[index] === '' || PATTERNS[name].test(fields[index] ?? '')),
          ),
        );
        assert.deepEqual(shapesOf(split(text, shares), columns.length), expected, text.toString());
      }),
      { numRuns: 2_000 },
    );
  });

  it('are taken for each segment by itself', () => {
    const cutter = new RecordCutter({ columns: 1, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    cutter.push(Buffer.from('1\n2\n3'));
    assert.deepEqual(cutter.takeShapes(), [['whole', 'decimal']]);
    cutter.push(Buffer.from('.5\n'));
    assert.deepEqual(cutter.takeShapes(), [['decimal']]);
    cutter.push(Buffer.from('2024-02-30\n'));
    assert.deepEqual(cutter.takeShapes(), [['day', 'moment']]);
  });

  it('are not told of a segment that holds quotes, spaces kept back, or a record of another length', () => {
    assert.deepEqual(shapesOf([Buffer.from('1,2\n'), Buffer.from('"3",4\n'), Buffer.from('5,6\n')], 2), [[], []]);
    assert.deepEqual(shapesOf([Buffer.from('1, '), Buffer.from('2\n')], 2), [[], []]);
    assert.deepEqual(shapesOf([Buffer.from('1,2\n3\n')], 2), [[], []]);
    assert.deepEqual(shapesOf([Buffer.from('1,2\n3,4,5\n')], 2), [[], []]);
    // Nor of the next one, while its first record may have begun with quotes.
    const cutter = new RecordCutter({ columns: 2, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    cutter.push(Buffer.from('1,2\n"3"'));
    cutter.takeShapes();
    cutter.push(Buffer.from(',4\n'));
    assert.deepEqual(cutter.takeShapes(), [[], []]);
    cutter.push(Buffer.from('5,6\n'));
    assert.deepEqual(cutter.takeShapes(), [[], []]);
    cutter.push(Buffer.from('7,8\n'));
    assert.deepEqual(cutter.takeShapes(), [
      ['whole', 'decimal'],
      ['whole', 'decimal'],
    ]);
  });

  it('are told beside records that are too long to be looked at, once those are past', () => {
    const long = `${'x'.repeat(100_000)},1\n`;
    const cutter = new RecordCutter({ columns: 2, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    for (const piece of split(Buffer.from(long), [0.1, 0.8, 0.9])) cutter.push(piece);
    assert.deepEqual(cutter.takeShapes(), [[], []]);
    cutter.push(Buffer.from('a,1\n'));
    assert.deepEqual(cutter.takeShapes(), [[], ['whole', 'decimal']]);
    assert.equal(cutter.records, 2);
  });

  it('are the same, and the records counted, where a chunk is larger than what is scanned at once', () => {
    const text = Buffer.from('12,2024-01-01,x\n'.repeat(200_000));
    const cutter = new RecordCutter({ columns: 3, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    assert.equal(cutter.push(text).lastRecordEnd, text.length);
    assert.equal(cutter.records, 200_000);
    assert.deepEqual(cutter.takeShapes(), [['whole', 'decimal'], ['day', 'moment'], []]);
  });
});

it('the compiled scan is what its source says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thena-wasm-'));
  try {
    const compiled = join(folder, 'scan.wasm');
    execFileSync(process.execPath, ['scripts/build-wasm.mjs', compiled], { cwd: ROOT });
    assert.ok(
      readFileSync(compiled).equals(readFileSync(join(ROOT, 'src/csv/record-scan.wasm'))),
      'wasm/record-scan.ts has changed: npm run build:wasm',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
