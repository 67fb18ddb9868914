import fc from 'fast-check';
import type { Newline } from '../../src/csv/dialect.ts';
import { RecordCutter } from '../../src/csv/record-cutter.ts';

interface CutOptions {
  readonly columns?: number;
  readonly newline?: Newline;
  readonly delimiter?: string;
  readonly quote?: string;
}

export interface CutText {
  readonly text: string;
  readonly records: number;
  readonly lines: number;
  /** Text up to the last record end that was told before the end. */
  readonly told: number;
}

/** Cuts a text that comes in the given pieces. */
export function cut(pieces: readonly (string | Buffer)[], options: CutOptions = {}): CutText {
  const { columns = 2, newline = '\n', delimiter = ',', quote = '"' } = options;
  const cutter = new RecordCutter({ columns, newline, delimiter, quote, firstLine: 1 });
  const out: Buffer[] = [];
  let length = 0;
  let told = 0;
  for (const piece of pieces) {
    const { bytes, lastRecordEnd } = cutter.push(Buffer.from(piece));
    if (lastRecordEnd > 0) told = length + lastRecordEnd;
    length += bytes.length;
    out.push(Buffer.from(bytes));
  }
  out.push(cutter.end());
  return { text: Buffer.concat(out).toString(), records: cutter.records, lines: cutter.lines, told };
}

/** Splits bytes at the given places, taken as shares of the length. */
export function split(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

// Text that is hard on a reader: delimiters, quotes, line ends, spaces and characters of several bytes.
const fieldText = fc.string({
  unit: fc.constantFrom('a', '1', ',', ';', '"', '\n', '\r\n', ' ', 'é', '€', '𝄞', "'"),
  maxLength: 6,
});
const field = fc.option(fieldText, { nil: null, freq: 5 });
export const chunks = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

export const tables = fc
  .record({
    columns: fc.integer({ min: 1, max: 4 }),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    newline: fc.constantFrom<'\n' | '\r\n'>('\n', '\r\n'),
    finalNewline: fc.boolean(),
    quoteAll: fc.boolean(),
  })
  .chain((dialect) =>
    fc.record({
      dialect: fc.constant(dialect),
      rows: fc.array(fc.array(field, { minLength: dialect.columns, maxLength: dialect.columns }), {
        minLength: 1,
        maxLength: 8,
      }),
      chunks,
    }),
  );
export type Table = typeof tables extends fc.Arbitrary<infer T> ? T : never;

/** A field as RFC 4180 writes it. Null is nothing at all, '' is a pair of quotes. */
function write(value: string | null, { delimiter, quoteAll }: Table['dialect']): string {
  if (value === null) return '';
  const plain = value !== '' && !quoteAll && !/["\r\n ]/.test(value) && !value.includes(delimiter);
  return plain ? value : `"${value.replaceAll('"', '""')}"`;
}

export function csv({ dialect, rows }: Table): Buffer {
  const lines = rows.map((row) => row.map((value) => write(value, dialect)).join(dialect.delimiter));
  // The last row of one empty field is lost without a line end after it: nobody can see it then.
  const end = dialect.finalNewline || lines.at(-1) === '' ? dialect.newline : '';
  return Buffer.from(lines.join(dialect.newline) + end);
}
