import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { CombinedColumn } from '../../src/csv/combined-column.ts';
import { readRecords } from '../../src/csv/record-reader.ts';
import { withMark } from '../../src/csv/segment.ts';
import { parserFor } from '../../src/csv/values/value-parser.ts';
import { SegmentRewriter } from '../../src/engine/csv/segment-rewriter.ts';
import type { ParsedColumn, ParsedFile } from '../../src/model/parsed-columns.ts';
import type { ValueFormat } from '../../src/model/value-format.ts';
import { segmentOf } from '../builders.ts';

const FORMATS: readonly ValueFormat[] = [
  { type: 'text' },
  { type: 'boolean' },
  { type: 'number', decimal: ',', thousands: '.' },
  { type: 'timestamp', order: 'dmy', pattern: null, timeZone: 'Europe/Berlin' },
];
/** Texts of each format. */
const TEXTS: readonly (readonly string[])[] = [
  ['a', 'ü', 'two\nlines', 'a"b', "it's", 'a;b', '', '\ufeffx', 'x'.repeat(3000)],
  ['TRUE', 'false', ' true ', 'NA', ''],
  ['1,5', '1.234,5', '-7', '0,250', 'NA', '', '1e5', '12345678901234567,25'],
  ['31/12/2024 13:45', '27.10.2024 02:30', '1/2/2024', '02-Jan-2024 10:00:00.5', '31.12.2024T10:00:00Z', ''],
];
const DAY: ValueFormat = { type: 'date', order: null, pattern: null };
const MOMENT: ValueFormat = { type: 'timestamp', order: null, pattern: null, timeZone: 'Europe/Berlin' };
const COMBINED: readonly ParsedColumn[] = [
  { name: 'day', format: DAY },
  { name: 'clock', format: { type: 'text' } },
  { name: 'at', format: MOMENT, combines: { day: 'day', clock: 'clock', clockPattern: null } },
];
const COMBINED_TEXTS = [
  ['2024-10-27', '2024-01-02', ''],
  ['02:30', '3:04 PM', '10:00:00.5', ''],
];
const NULLS = ['NA'];

/** Mostly null. */
function rarely<Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: values });
}

interface Table {
  readonly columns: readonly ParsedColumn[];
  readonly rows: readonly (readonly string[])[];
  readonly delimiter: string;
  readonly quote: string;
}

/** Tables whose values fit, or all but one. */
const tables: fc.Arbitrary<Table> = fc
  .record({
    kinds: fc.array(fc.nat({ max: FORMATS.length - 1 }), { minLength: 1, maxLength: 4 }),
    isCombined: fc.boolean(),
    picks: fc.array(fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), { minLength: 1, maxLength: 60 }),
    repeats: fc.constantFrom(1, 1, 1, 100),
    delimiter: fc.constantFrom(',', ';', '\t', '-', ':'),
    quote: fc.constantFrom('"', "'"),
    misfit: rarely(fc.constantFrom('misfit', '"', '31/31/2024')),
  })
  .map(({ kinds, isCombined, picks, repeats, delimiter, quote, misfit }) => {
    const texts = [...(isCombined ? COMBINED_TEXTS : []), ...kinds.map((kind) => TEXTS[kind] as readonly string[])];
    const plain = kinds.map((kind, index) => ({ name: `c${index}`, format: FORMATS[kind] as ValueFormat }));
    const [day, clock, at] = COMBINED as [ParsedColumn, ParsedColumn, ParsedColumn];
    const columns = isCombined ? [day, clock, ...plain, at] : plain;
    const rows = picks.map((row) => texts.map((some, index) => some[(row[index] as number) % some.length] as string));
    const all = Array.from({ length: repeats }, () => rows).flat();
    if (misfit !== null) all.push([...(all.at(-1) as string[]).slice(0, -1), misfit]);
    return { columns, rows: all, delimiter, quote };
  });

/** How the fields are written besides their texts: what is quoted, what is between, and what makes records irregular. */
const styles = fc.record({
  quotes: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
  blankLine: fc.nat({ max: 40 }),
  spaceBehindQuote: rarely(fc.nat({ max: 40 })),
  surplusField: rarely(fc.nat({ max: 60 })),
});
type Style = typeof styles extends fc.Arbitrary<infer Value> ? Value : never;

function csv({ rows, delimiter, quote }: Table, style: Style): Buffer {
  let fields = 0;
  const lines = rows.map((row, index) => {
    const written = row.map((text) => {
      const isSpecial = [delimiter, quote, '\n', '\ufeff'].some((special) => text.includes(special));
      if (!isSpecial && style.quotes[fields++ % style.quotes.length] !== true) return text;
      const space = style.spaceBehindQuote === index ? ' ' : '';
      return `${quote}${text.replaceAll(quote, quote + quote)}${quote}${space}`;
    });
    if (style.surplusField === index) written.push('');
    return `${style.blankLine === index ? '\n' : ''}${written.join(delimiter)}\n`;
  });
  return Buffer.from(lines.join(''));
}

describe('rewriting a segment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thena-rewrite-'));
  after(() => rmSync(folder, { recursive: true }));

  it('puts the canonical value of each text in its place, and copies all other text as it is', async () => {
    let written = 0;
    await fc.assert(
      fc.asyncProperty(tables, styles, async (table, style) => {
        const { columns, delimiter, quote } = table;
        const text = csv(table, style);
        const path = join(folder, 'segment.csv');
        writeFileSync(path, Buffer.concat([...withMark(text)]));
        const width = columns.filter(({ combines }) => combines === undefined).length;
        const shapes = columns.map(() => []);
        const { length: records } = table.rows;
        const segment = segmentOf({ path, bytes: text.length, records, multiline: true, firstLine: 3, shapes });
        const rewriter = new SegmentRewriter({ columns, nulls: NULLS }, { delimiter, quote, header: true });
        const expected = expectedText({ columns, nulls: NULLS }, text, delimiter, quote, width);
        const rewriting = rewriter.rewrite(segment, new AbortController().signal, () => undefined);
        if (typeof expected === 'number') {
          await assert.rejects(rewriting, new RegExp(`\\b${expected}\\b`));
          return;
        }
        const { path: target, bytes } = await rewriting;
        const found = readFileSync(target);
        assert.equal(bytes, found.length);
        assert.deepEqual(found.toString(), Buffer.concat([...withMark(Buffer.from(expected.text))]).toString());
        assert.deepEqual(rewriter.ambiguousTimes(), expected.ambiguousTimes);
        assert.deepEqual(rewriter.incompleteTimes, expected.incompleteTimes);
        written++;
      }),
      { numRuns: 1000 },
    );
    assert.ok(written > 200, String(written));
  });
});

/** What is expected of a text, record by record and text by text. @returns the line of the first record that does not fit */
function expectedText(file: ParsedFile, text: Buffer, delimiter: string, quote: string, width: number) {
  const parsers = file.columns.slice(0, width).map(({ format }) => parserFor(format, new Set(file.nulls)));
  const combined = CombinedColumn.of(file);
  // Some values would be split at these delimiters.
  const mark = delimiter === '-' || delimiter === ':' ? quote : '';
  let out = '';
  for (const record of readRecords(text, { delimiter, quote }, width, 3)) {
    const { fields, ends, byteOffset, line, malformed } = record;
    if (malformed !== null || fields.length !== width) return line;
    const values: string[] = [];
    for (const [index, field] of fields.entries()) {
      const start = index === 0 ? byteOffset : (ends[index - 1] as number) + 1;
      const value = parsers[index]?.parse(field, line) ?? null;
      if (file.columns[index]?.format.type === 'text') values.push(text.toString('utf8', start, ends[index]));
      else if (value !== null && typeof value !== 'string') return line;
      else values.push(value === null ? '' : mark + value + mark);
    }
    if (combined !== null) {
      const value = combined.parse(record);
      if (value !== null && typeof value !== 'string') return line;
      values.push(value === null ? '' : mark + value + mark);
    }
    out += `${values.join(delimiter)}\n`;
  }
  const counted = [
    ...parsers.map(({ ambiguousTimes }, index) => ({ column: file.columns[index]?.name, values: ambiguousTimes })),
    { column: combined?.name, values: combined?.counts.ambiguousTimes ?? null },
  ].filter(({ values }) => values !== null);
  return { text: out, ambiguousTimes: counted, incompleteTimes: combined?.counts.incomplete ?? null };
}
