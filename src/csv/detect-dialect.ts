import { Problem } from '../errors.ts';
import { checkColumnCount, checkColumnNames } from './column-names.ts';
import { countLineFeeds } from './count-line-feeds.ts';
import type { CsvDialect, Newline } from './dialect.ts';
import { type DialectOptions, delimiterOption, quoteOption } from './dialect-options.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';

const DELIMITERS = [',', ';', '\t', '|'] as const;
const LF = 10;
const CR = 13;
/** Records looked at to find the delimiter, and to tell a header from a row. */
const DELIMITER_SAMPLE = 1000;
const HEADER_SAMPLE = 20;

/** What the head of a file shows. */
export interface DetectedDialect {
  readonly dialect: CsvDialect;
  readonly newline: Newline;
  readonly columns: readonly string[];
  /** Whether the first record was taken for the header without a sign of it: no column goes on with values of another kind. */
  readonly headerGuessed: boolean;
  /** The header record as it stands, without its line end; null where there is none. */
  readonly headerText: string | null;
  /** Where in the head the records begin, after the header and any blank lines above it. */
  readonly dataOffset: number;
  readonly firstDataLine: number;
}

/**
 * Finds delimiter, header and columns in the first bytes of a file. No line is ever left out because it does not fit.
 *
 * The header rule: the first record names the columns, unless every field of it is a value (a number, a time, true or
 * false) or empty, or some field of it is a time in a column that goes on with times: no column is named by a time.
 *
 * @param head UTF-8 without a byte order mark
 * @param complete whether that is the whole file
 * @throws Problem file_empty, no_rows, too_many_columns, duplicate_column, column_name_invalid, upload_option_invalid,
 * quote_not_closed, text_after_quote, record_too_long
 */
export function detectDialect(
  head: Buffer,
  options: { readonly complete: boolean; readonly maxColumns: number; readonly overrides: DialectOptions },
): DetectedDialect {
  const { complete, maxColumns, overrides } = options;
  const quote = overrides.quote === null ? '"' : quoteOption(overrides.quote);
  const newline = detectNewline(head, quote, complete);
  const normal = normalised(head, newline);
  const blank = leadingBlankLines(normal);
  if (blank.bytes === normal.length) {
    throw new Problem(
      'file_empty',
      complete ? 'The file has no bytes but line ends.' : 'The file begins with blank lines only.',
    );
  }
  const text = normal.subarray(blank.bytes);
  const delimiter =
    overrides.delimiter === null ? detectDelimiter(text, quote, complete) : delimiterOption(overrides.delimiter);
  const sample = sampleRecords(text, { delimiter, quote }, complete, HEADER_SAMPLE);
  const first = wellFormed(sample[0], blank.lines + 1);
  const header = overrides.header ?? isHeader(sample);
  const columns = first.fields.map((field, index) => (header ? (field ?? '').trim() : `column_${index + 1}`));
  checkColumnCount(columns, maxColumns);
  checkColumnNames(columns);
  // In a file of one column blank lines may follow, which are rows: who counts them tells whether there are any.
  if (header && complete && sample.length === 1 && columns.length > 1) {
    throw noRows(columns);
  }
  const firstRecord = text.subarray(first.byteOffset, first.byteOffset + first.bytes);
  // Blank lines that are not above a header stay: in a file of one column they are rows.
  const firstDataLine = header ? blank.lines + 1 + countLineFeeds(firstRecord) + 1 : 1;
  return {
    dialect: { delimiter, quote, header },
    newline,
    columns,
    headerGuessed: header && overrides.header === null && !showsHeader(sample),
    headerText: header ? firstRecord.toString() : null,
    dataOffset: offsetOfLine(head, newline, firstDataLine),
    firstDataLine,
  };
}

/** What the sender of a file is told that has a header and nothing else. */
export function noRows(columns: readonly string[]): Problem {
  const names = columns.length === 1 ? 'its only column' : `its ${columns.length} columns`;
  return new Problem('no_rows', `The file names ${names} and has no row below.`);
}

/**
 * The end of the first line decides; what later lines end with is the cutter's business. A carriage return ends lines only
 * where no line feed does. Quotes are told from text by their number alone, the delimiter being unknown yet.
 */
function detectNewline(head: Buffer, quote: string, complete: boolean): Newline {
  const quoteByte = quote === '' ? -1 : quote.charCodeAt(0);
  let inQuotes = false;
  let cr = -1;
  for (let at = 0; at < head.length; at++) {
    if (head[at] === quoteByte) inQuotes = !inQuotes;
    else if (inQuotes) continue;
    else if (head[at] === LF) return head[at - 1] === CR ? '\r\n' : '\n';
    else if (head[at] === CR && cr < 0) cr = at;
  }
  // A line feed may follow a carriage return that is the last byte of the head.
  if (cr >= 0) return cr === head.length - 1 && !complete ? '\r\n' : '\r';
  return head.includes('\r\n') ? '\r\n' : '\n';
}

/** The head with every line end as one line feed, the line numbers unchanged. */
function normalised(head: Buffer, newline: Newline): Buffer {
  if (!head.includes(CR)) return head;
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

/** The first record, where it can be read. @throws Problem quote_not_closed, text_after_quote, record_too_long */
function wellFormed(first: CsvRecord | undefined, line: number): CsvRecord {
  if (!first) {
    throw new Problem('record_too_long', 'The first line is longer than Thena looks for column names.', { line });
  }
  if (first.malformed === 'text after a closing quote') {
    throw new Problem('text_after_quote', `On line ${line} a quoted field goes on after its closing quote.`, { line });
  }
  if (first.malformed !== null) {
    throw new Problem('quote_not_closed', `On line ${line}, the first one, ${first.malformed}.`, { line });
  }
  return first;
}

/** Records at the start of a text; the last one is left out where it may go on, unless it is an open quote's. */
function sampleRecords(
  text: Buffer,
  dialect: { readonly delimiter: string; readonly quote: string },
  complete: boolean,
  most: number,
): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  for (const record of readRecords(text, dialect, 2, 1)) {
    const isWhole = complete || record.byteOffset + record.bytes < text.length;
    if (isWhole || record.malformed !== null) records.push(record);
    if (records.length === most) break;
  }
  return records;
}

/**
 * The delimiter under which most records have the same number of fields as the first one, and at least two; of equals, the
 * one that makes more fields. A comma that stands in decimal numbers alone gives way to any other. A file under which none
 * does has one column, and the comma.
 */
function detectDelimiter(text: Buffer, quote: string, complete: boolean): string {
  let best = { delimiter: ',', agreement: 0, fields: 1 };
  for (const delimiter of DELIMITERS) {
    const records = sampleRecords(text, { delimiter, quote }, complete, DELIMITER_SAMPLE);
    const fields = records[0]?.fields.length ?? 1;
    if (fields < 2) continue;
    const agreeing = records.filter((record) => record.malformed === null && record.fields.length === fields);
    const agreement = agreeing.length / records.length;
    const better = agreement - best.agreement;
    const moreFields = fields > best.fields || (best.delimiter === ',' && commasAreDecimal(agreeing));
    // A few bad lines must not hand the file to a delimiter that merely occurs in its texts.
    if (better > 0.1 || (better > -0.1 && moreFields)) best = { delimiter, agreement, fields };
  }
  return best.delimiter;
}

/** Whether every comma in the fields of some records is the decimal point of a number, and there are such. */
function commasAreDecimal(records: readonly CsvRecord[]): boolean {
  const withComma = records.flatMap(({ fields }) => fields.filter((field) => field?.includes(',')));
  return withComma.length > 0 && withComma.every((field) => /^ *[+-]?\d+,\d+ *$/.test(field ?? ''));
}

const NUMBER_OR_TRUTH = /^(?:[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?|true|false|nan|null|[+-]?inf(?:inity)?)$/i;
const MONTH = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}';
const TIME = new RegExp(
  [
    '^\\d{1,4}[-/.]\\d{1,2}[-/.]\\d{1,4}(?:[T ].*)?$',
    '^\\d{1,2}:\\d{2}(?::\\d{2})?.*$',
    `^${MONTH}\\.? \\d{1,2},? \\d{4}(?: .*)?$`,
    `^\\d{1,2}[- ]${MONTH}\\.?[- ]\\d{2,4}(?: .*)?$`,
  ].join('|'),
  'i',
);

function isTime(field: string | null | undefined): boolean {
  return TIME.test(field?.trim() ?? '');
}

function isValueOrEmpty(field: string | null): boolean {
  const text = field?.trim() ?? '';
  return text === '' || NUMBER_OR_TRUTH.test(text) || isTime(text);
}

/** @param sample the first record and some that follow it */
function isHeader([first, ...rows]: readonly CsvRecord[]): boolean {
  const fields = first?.fields ?? [];
  if (fields.every(isValueOrEmpty)) return false;
  return !fields.some((field, index) => {
    const below = rows.map((row) => row.fields[index]?.trim() ?? '').filter((text) => text !== '');
    return isTime(field) && below.length > 0 && below.every(isTime);
  });
}

/** Whether some column mostly holds values below a name: numbers, times, true or false. */
function showsHeader([first, ...rows]: readonly CsvRecord[]): boolean {
  return (first?.fields ?? []).some((field, index) => {
    const below = rows.map((row) => row.fields[index] ?? '').filter((text) => text.trim() !== '');
    return !isValueOrEmpty(field) && below.filter(isValueOrEmpty).length > below.length / 2;
  });
}
