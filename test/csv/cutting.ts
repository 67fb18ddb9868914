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
  /** Length of the complete records, as reported before the end of the text. */
  readonly reported: number;
  /** Whether a record has another number of fields than there are columns. */
  readonly irregular: boolean;
  readonly textAfterQuotes: boolean;
  readonly quoteInTextOn: number | null;
}

/** Cuts a text that arrives in these chunks. */
export function cut(pieces: readonly (string | Buffer)[], options: CutOptions = {}): CutText {
  const { columns = 2, newline = '\n', delimiter = ',', quote = '"' } = options;
  const cutter = new RecordCutter({ columns, newline, delimiter, quote, firstLine: 1 });
  const out: Buffer[] = [];
  let length = 0;
  let reported = 0;
  for (const piece of pieces) {
    const { bytes, lastRecordEnd } = cutter.push(Buffer.from(piece));
    if (lastRecordEnd > 0) reported = length + lastRecordEnd;
    length += bytes.length;
    out.push(Buffer.from(bytes));
  }
  out.push(cutter.end());
  const { records, lines, quoteInTextOn, textAfterQuotes } = cutter;
  return {
    text: Buffer.concat(out).toString(),
    records,
    lines,
    reported,
    irregular: cutter.takeIrregular(),
    quoteInTextOn,
    textAfterQuotes,
  };
}

/** Splits bytes at these offsets, given as shares of the length. */
export function split(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const offsets = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
  return [0, ...offsets].map((from, index) => bytes.subarray(from, offsets[index] ?? bytes.length));
}

// Text that is hard to read: delimiters, quotes, line ends, spaces and multi-byte characters.
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

/** A field according to RFC 4180. Null is written as nothing, '' as a pair of quotes. */
function write(value: string | null, { delimiter, quoteAll }: Table['dialect']): string {
  if (value === null) return '';
  const plain = value !== '' && !quoteAll && !/["\r\n ]/.test(value) && !value.includes(delimiter);
  return plain ? value : `"${value.replaceAll('"', '""')}"`;
}

export function csv({ dialect, rows }: Table): Buffer {
  const lines = rows.map((row) => row.map((value) => write(value, dialect)).join(dialect.delimiter));
  // Without a line end, a last row with one empty field would be indistinguishable from no row.
  const end = dialect.finalNewline || lines.at(-1) === '' ? dialect.newline : '';
  return Buffer.from(lines.join(dialect.newline) + end);
}
