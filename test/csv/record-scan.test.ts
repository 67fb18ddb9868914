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
import { shapedFields } from './shaped-texts.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An independent definition of the shapes. */
const PATTERNS: Readonly<Record<FieldShape, RegExp>> = {
  whole: /^(0|-?[1-9]\d{0,17})$/,
  decimal: /^(0|-?[1-9]\d{0,14}|-?(?=.{1,18}$)(0|[1-9]\d{0,14})\.\d+)$/,
  date: /^[1-9]\d{3}-\d\d-\d\d$/,
  timestamp: /^[1-9]\d{3}-\d\d-\d\d([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?$/,
  full_timestamp: /^[1-9]\d{3}-\d\d-\d\d([ T]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?)?$/,
};
const NAMES = Object.keys(PATTERNS) as FieldShape[];
const TIMES: readonly FieldShape[] = ['date', 'timestamp', 'full_timestamp'];

function hasShape(text: string, shape: FieldShape): boolean {
  if (!PATTERNS[shape].test(text)) return false;
  return !TIMES.includes(shape) || isDay(text.slice(0, 10));
}

/** By the calendar of JavaScript, which is the proleptic Gregorian one. */
function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function shapesOf(pieces: readonly Buffer[], columns: number): readonly (readonly FieldShape[])[] {
  const cutter = new RecordCutter({ columns, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
  for (const piece of pieces) cutter.push(piece);
  cutter.end();
  return cutter.takeShapes();
}

describe('the shapes of fields', () => {
  it('are those that all fields of a column have, for every division into chunks', () => {
    // Each column repeats a few texts.
    const columnsOf = fc
      .integer({ min: 1, max: 4 })
      .chain((columns) =>
        fc.tuple(...Array.from({ length: columns }, () => fc.array(shapedFields, { minLength: 1, maxLength: 3 }))),
      );
    fc.assert(
      fc.property(columnsOf, fc.boolean(), chunks, (columns, finalNewline, shares) => {
        const length = Math.max(...columns.map((fields) => fields.length));
        const lines = Array.from({ length }, (_, row) =>
          columns.map((fields) => fields[row % fields.length]?.written ?? '').join(','),
        );
        // Without a line end, an empty last line would be indistinguishable from no line.
        const text = Buffer.from(lines.join('\n') + (finalNewline || lines.at(-1) === '' ? '\n' : ''));
        const expected = columns.map((fields) =>
          NAMES.filter((name) => fields.every(({ text: value, written }) => written === '' || hasShape(value, name))),
        );
        assert.deepEqual(shapesOf(split(text, shares), columns.length), expected, text.toString());
      }),
      { numRuns: 3_000 },
    );
  });

  it('of dates are those of all days from 1000 to 9999, and of no other day', () => {
    const cutter = new RecordCutter({ columns: 1, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    for (let year = 1000; year < 10_000; year++) {
      for (let month = 0; month <= 13; month++) {
        for (const day of [0, 1, 28, 29, 30, 31, 32]) {
          const text = [year, ...[month, day].map((part) => String(part).padStart(2, '0'))].join('-');
          cutter.push(Buffer.from(`${text}\n`));
          const [shapes = []] = cutter.takeShapes();
          if (shapes.length !== (isDay(text) ? TIMES.length : 0)) assert.fail(`${text}: ${shapes}`);
        }
      }
    }
  });

  it('are determined separately for each segment', () => {
    const cutter = new RecordCutter({ columns: 1, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    cutter.push(Buffer.from('1\n2\n3'));
    assert.deepEqual(cutter.takeShapes(), [['whole', 'decimal']]);
    cutter.push(Buffer.from('.5\n'));
    assert.deepEqual(cutter.takeShapes(), [['decimal']]);
    cutter.push(Buffer.from('2024-02-29\n'));
    assert.deepEqual(cutter.takeShapes(), [['date', 'timestamp', 'full_timestamp']]);
    cutter.push(Buffer.from('2024-02-29 12:30\n'));
    assert.deepEqual(cutter.takeShapes(), [['timestamp']]);
    cutter.push(Buffer.from('2024-02-29 12:30:00\n2024-02-30 12:30:00\n'));
    assert.deepEqual(cutter.takeShapes(), [[]]);
  });

  it('include those of quoted fields, but not of empty strings, or if a record has another number of fields', () => {
    const both: readonly FieldShape[] = ['whole', 'decimal'];
    assert.deepEqual(shapesOf([Buffer.from('1,2\n'), Buffer.from('"3",4\n'), Buffer.from('5,"6"\n')], 2), [both, both]);
    assert.deepEqual(shapesOf([Buffer.from('1,2\n"",4\n')], 2), [[], both]);
    assert.deepEqual(shapesOf([Buffer.from('1,2\n"3"x,4\n')], 2), [[], both]);
    assert.deepEqual(shapesOf([Buffer.from('1, '), Buffer.from('2\n'), Buffer.from('3, '), Buffer.from('"4"\n')], 2), [
      both,
      [],
    ]);
    assert.deepEqual(shapesOf([Buffer.from('1, '), Buffer.from('"2"\n')], 2), [both, both]);
    assert.deepEqual(shapesOf([Buffer.from('1,2\n3\n')], 2), [[], []]);
    assert.deepEqual(shapesOf([Buffer.from('1,2\n3,4,5\n')], 2), [[], []]);
  });

  it('are unknown for records that are too long to scan, and known again after them', () => {
    const long = `${'x'.repeat(100_000)},1\n`;
    const cutter = new RecordCutter({ columns: 2, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    for (const piece of split(Buffer.from(long), [0.1, 0.8, 0.9])) cutter.push(piece);
    assert.deepEqual(cutter.takeShapes(), [[], []]);
    cutter.push(Buffer.from('a,1\n'));
    assert.deepEqual(cutter.takeShapes(), [[], ['whole', 'decimal']]);
    assert.equal(cutter.records, 2);
    // The same with quotes, and with a line end in the middle.
    cutter.push(Buffer.from(`"${'x'.repeat(60_000)}\n`));
    cutter.push(Buffer.from(`${'x'.repeat(60_000)}",1\n2,`));
    assert.deepEqual(cutter.takeShapes(), [[], []]);
    cutter.push(Buffer.from('3\n"4",5\n'));
    assert.deepEqual(cutter.takeShapes(), [
      ['whole', 'decimal'],
      ['whole', 'decimal'],
    ]);
  });

  it('and the counts are the same if a chunk is larger than one scan', () => {
    const text = Buffer.from('12,2024-01-01,x\n'.repeat(200_000));
    const cutter = new RecordCutter({ columns: 3, newline: '\n', delimiter: ',', quote: '"', firstLine: 1 });
    assert.equal(cutter.push(text).lastRecordEnd, text.length);
    assert.equal(cutter.records, 200_000);
    assert.deepEqual(cutter.takeShapes(), [['whole', 'decimal'], [...TIMES], []]);
  });
});

it('the compiled modules match their sources', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thena-wasm-'));
  try {
    execFileSync(process.execPath, ['scripts/build-wasm.mjs', folder], { cwd: ROOT });
    for (const name of ['record-scan', 'field-index'])
      assert.ok(
        readFileSync(join(folder, `${name}.wasm`)).equals(readFileSync(join(ROOT, `src/csv/${name}.wasm`))),
        `wasm/${name}.ts has changed: npm run build:wasm`,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
