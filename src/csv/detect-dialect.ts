import { Problem } from '../errors.ts';
import { checkColumnCount, checkColumnNames } from './column-names.ts';
import type { CsvDialect, Newline } from './dialect.ts';
import { type DialectOptions, delimiterOption, quoteOption } from './dialect-options.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';

const DELIMITERS = [',', ';', '\t', '|'] as const;
const LF = 10;
const CR = 13;

/** What the head of a file shows. */
export interface DetectedDialect {
  readonly dialect: CsvDialect;
  readonly newline: Newline;
  readonly columns: readonly string[];
  /** The header record as it stands, without its line end; null where there is none. */
  readonly headerText: string | null;
  /** Where in the head the records begin, after the header and any blank lines above it. */
  readonly dataOffset: number;
  readonly firstDataLine: number;
}

/**
 * Finds delimiter, header and columns in the first bytes of a file. No line is ever left out because it does not fit.
 *
 * The header rule: the first record is a header unless some field of it is a value (a number, a time, true or false) or
 * empty in a column where that says something, that is: unless *every* field of it is a value or empty.
 *
 * @param head UTF-8 without a byte order mark
 * @param complete whether that is the whole file
 * @throws Problem file_empty, no_rows, too_many_columns, duplicate_column, column_name_invalid, upload_option_invalid
 */
export function detectDialect(
  head: Buffer,
  options: { readonly complete: boolean; readonly maxColumns: number; readonly overrides: DialectOptions },
): DetectedDialect {
  const { complete, maxColumns, overrides } = options;
  const newline = detectNewline(head);
  const normal = newline === '\n' ? head : normalised(head, newline);
  const blank = leadingBlankLines(normal);
  if (blank.bytes === normal.length) {
    throw new Problem(
      'file_empty',
      complete ? 'The file has no bytes but line ends.' : 'The file begins with blank lines only.',
    );
  }
  const text = normal.subarray(blank.bytes);
  const quote = overrides.quote === null ? '"' : quoteOption(overrides.quote);
  const delimiter =
    overrides.delimiter === null ? detectDelimiter(text, quote, complete) : delimiterOption(overrides.delimiter);
  const [first, second] = sampleRecords(text, { delimiter, quote }, complete, 2);
  if (!first)
    throw new Problem('record_too_long', 'The first line is longer than Thena looks for column names.', { line: 1 });
  const header = overrides.header ?? !first.fields.every((field) => field === null || isValue(field));
  const columns = first.fields.map((field, index) => (header ? (field ?? '').trim() : `column_${index + 1}`));
  checkColumnCount(columns, maxColumns);
  checkColumnNames(columns);
  if (header && complete && !second) {
    throw new Problem('no_rows', `The file has ${columns.length} column names and no row below them.`);
  }
  const firstDataLine = blank.lines + (header ? (second?.line ?? first.line + 1) : 1);
  const dataOffset = header ? offsetOfLine(head, newline, firstDataLine) : offsetOfLine(head, newline, blank.lines + 1);
  const headerText = text.toString('utf8', first.byteOffset, first.byteOffset + first.bytes);
  return {
    dialect: { delimiter, quote, header },
    newline,
    columns,
    headerText: header ? headerText : null,
    dataOffset,
    firstDataLine,
  };
}

/** The end of the first line decides; what later lines end with is the cutter's business. */
function detectNewline(head: Buffer): Newline {
  const lf = head.indexOf(LF);
  const cr = head.indexOf(CR);
  if (cr < 0) return '\n';
  if (lf < 0) return cr === head.length - 1 ? '\r\n' : '\r';
  return lf === cr + 1 ? '\r\n' : '\n';
}

/** The head with every line end as one line feed, the line numbers unchanged. */
function normalised(head: Buffer, newline: Newline): Buffer {
  const text = head.toString('latin1');
  return Buffer.from(newline === '\r' ? text.replaceAll('\r', '\n') : text.replaceAll('\r\n', '\n'), 'latin1');
}

function leadingBlankLines(text: Buffer): { readonly bytes: number; readonly lines: number } {
  let at = 0;
  while (at < text.length && text[at] === LF) at++;
  return { bytes: at, lines: at };
}

function offsetOfLine(head: Buffer, newline: Newline, line: number): number {
  const end = newline === '\r' ? CR : LF;
  let at = 0;
  for (let passed = 1; passed < line; passed++) {
    const next = head.indexOf(end, at);
    if (next < 0) return head.length;
    at = next + 1;
  }
  return at;
}

/** Whole records at the start of a text; the last one is left out where it may go on. */
function sampleRecords(
  text: Buffer,
  dialect: { readonly delimiter: string; readonly quote: string },
  complete: boolean,
  most: number,
): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  for (const record of readRecords(text, dialect, 2, 1)) {
    const isWhole = complete || record.byteOffset + record.bytes < text.length;
    if (isWhole) records.push(record);
    if (records.length === most) break;
  }
  return records;
}

/**
 * The delimiter under which most records have the same number of fields as the first one, and at least two; of equals, the
 * one that makes more fields. A file under which none does has one column, and the comma.
 */
function detectDelimiter(text: Buffer, quote: string, complete: boolean): string {
  let best = { delimiter: ',', agreement: 0, fields: 1 };
  for (const delimiter of DELIMITERS) {
    const records = sampleRecords(text, { delimiter, quote }, complete, 1000);
    const fields = records[0]?.fields.length ?? 1;
    if (fields < 2) continue;
    const agreement = records.filter((record) => record.fields.length === fields).length / records.length;
    const better = agreement - best.agreement;
    // A few bad lines must not hand the file to a delimiter that merely occurs in its texts.
    if (better > 0.1 || (better > -0.1 && fields > best.fields)) best = { delimiter, agreement, fields };
  }
  return best.delimiter;
}

const VALUE =
  /^(?:[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|\d{1,2}:\d{2}(?::\d{2})?.*|true|false|nan|null|-?inf(?:inity)?)$/i;

function isValue(field: string): boolean {
  return field.trim() === '' || VALUE.test(field.trim());
}
