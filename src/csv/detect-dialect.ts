import { Problem } from '../errors.ts';
import { checkColumnCount, checkColumnNames } from './column-names.ts';
import { detectDelimiter, type OtherDelimiter } from './detect-delimiter.ts';
import { isHeader, showsHeader } from './detect-header.ts';
import type { CsvDialect, CsvLayout, Newline } from './dialect.ts';
import { dialectDoubts, otherDelimiter } from './dialect-doubts.ts';
import { type DialectOptions, delimiterOption, quoteOption, refuseSameCharacters } from './dialect-options.ts';
import { type HeadText, plainText, sampleRecords } from './head-text.ts';
import { findLinesAbove } from './lines-above.ts';
import { countLineFeeds, detectNewline, offsetOfLine, unifyNewlines } from './newlines.ts';
import { recordProblems } from './record-problems.ts';
import type { CsvRecord } from './record-reader.ts';

const LF = 10;
const HEADER_SAMPLE = 20;

/** What the head of a file reveals. */
export interface DetectedDialect {
  readonly dialect: CsvDialect;
  readonly layout: CsvLayout;
  readonly newline: Newline;
  readonly columns: readonly string[];
  /** Whether the first record was assumed to be a row, or to be the header without evidence: no column continues with values of another kind. */
  readonly headerGuessed: boolean;
  /** The header record as the segments would have it, without its line end; null if the file has no header. */
  readonly headerText: string | null;
  /** Offset in the head at which the records begin, after the header and what is above it. */
  readonly dataOffset: number;
  readonly firstDataLine: number;
  /** Other characters that may be the delimiter, unless it was given. */
  readonly otherDelimiters: readonly OtherDelimiter[];
  /** What the sender may have meant otherwise. */
  readonly warnings: readonly string[];
}

/**
 * Detects the delimiter, header and columns from the first bytes of a file. Never skips a line that does not fit.
 *
 * @param head UTF-8 without a byte order mark
 * @param options `complete`: whether the head is the whole file
 * @throws Problem file_empty, no_rows, too_many_columns, duplicate_column, column_name_invalid, upload_option_invalid,
 * quote_not_closed, text_after_quote, record_too_long, title_above_header, header_too_short, nul_byte
 */
export function detectDialect(
  head: Buffer,
  options: { readonly complete: boolean; readonly maxColumns: number; readonly overrides: DialectOptions },
): DetectedDialect {
  const { complete, maxColumns, overrides } = options;
  const { comment, surplus } = overrides;
  const quote = overrides.quote === null ? '"' : quoteOption(overrides.quote);
  const above = findLinesAbove(head, overrides, complete);
  const table = head.subarray(above.bytes);
  const newline = detectNewline(table, quote, complete);
  const unified = unifyNewlines(table, newline);
  const blank = leadingBlankLines(unified);
  if (blank === unified.length) throw noText(above.lines, complete);
  const linesBefore = above.lines + blank;
  const text: HeadText = {
    bytes: unified.subarray(blank),
    quote,
    escape: overrides.escape,
    comment,
    complete,
    linesBefore,
  };
  const given = overrides.delimiter === null ? above.delimiter : delimiterOption(overrides.delimiter);
  const { delimiter, others } = detectDelimiter(text, given);
  refuseSameCharacters({ ...overrides, delimiter, quote });
  const plain = plainText(text, delimiter);
  const sample = sampleRecords(plain, { delimiter, quote }, complete);
  if (overrides.escape === null) refuseEscapedQuotes(text, delimiter, sample);
  const first = wellFormed(sample[0], linesBefore);
  refuseNul(plain.subarray(0, first.byteOffset + first.bytes), delimiter, linesBefore);
  const header = overrides.header ?? isHeader(sample.slice(0, HEADER_SAMPLE));
  const isTerminated = endWithDelimiter(sample);
  const emptyFieldDropped = surplus === 'drop_empty' || (header && isTerminated);
  const isLastDropped = emptyFieldDropped && (header || isTerminated);
  const names = isLastDropped ? withoutEmptyLast(first.fields) : first.fields;
  const columns = names.map((field, index) => (header ? nameOf(field, index) : `column_${index + 1}`));
  checkColumnCount(columns, maxColumns);
  checkColumnNames(columns);
  // With one column, blank lines are rows. They may follow the header, and are counted by the cutter.
  if (header && complete && sample.length === 1 && columns.length > 1) {
    throw noRows(columns);
  }
  if (header && !emptyFieldDropped) refuseShortHeader(columns, sample.slice(1), delimiter, linesBefore);
  // Blank lines are skipped only above a header: with one column they are rows.
  const firstDataLine = header ? linesBefore + first.line + lineFeedsIn(plain, first) + 1 : above.lines + 1;
  return {
    dialect: { delimiter, quote, header },
    layout: { skippedLines: above.lines, comment, escape: overrides.escape, emptyFieldDropped },
    newline,
    columns,
    headerGuessed: overrides.header === null && !(header && showsHeader(sample.slice(0, HEADER_SAMPLE))),
    headerText: header ? headerText(plain, first, delimiter, names.length < first.fields.length) : null,
    dataOffset: above.bytes + offsetOfLine(table, newline, firstDataLine - above.lines),
    firstDataLine,
    otherDelimiters: given === null && columns.length === 1 ? [...others, ...otherDelimiter(sample)] : others,
    warnings: dialectDoubts(columns, sample, {
      header,
      delimiter,
      others,
      linesBefore,
      unnamed: header && (names[0] ?? '').trim() === '',
      detected: { delimiter: given === null, quote: overrides.quote === null },
    }),
  };
}

/** The name of a column in a header. R and pandas write none above the numbers of the rows, which are the first column. */
function nameOf(field: string | null, index: number): string {
  return (field ?? '').trim() || (index === 0 ? 'column_1' : '');
}

function noText(linesSkipped: number, complete: boolean): Problem {
  const what = complete ? 'The file' : 'The head of the file';
  const below = linesSkipped === 0 ? 'consists only of line ends' : `has no text below line ${linesSkipped}`;
  return new Problem('file_empty', `${what} ${below}.`);
}

/** Whether every record ends with a delimiter, the header included: then the delimiter ends records, and adds no column. */
function endWithDelimiter(sample: readonly CsvRecord[]): boolean {
  const length = sample[0]?.fields.length ?? 0;
  return (
    length > 1 &&
    sample.length > 1 &&
    sample.every(({ fields }) => fields.length === length && fields[length - 1] === null)
  );
}

function withoutEmptyLast(fields: CsvRecord['fields']): CsvRecord['fields'] {
  return fields.length > 1 && (fields.at(-1) ?? '') === '' ? fields.slice(0, -1) : fields;
}

function headerText(text: Buffer, { byteOffset, bytes }: CsvRecord, delimiter: string, withoutLast: boolean): string {
  const record = text.toString('utf8', byteOffset, byteOffset + bytes);
  return withoutLast ? record.slice(0, record.lastIndexOf(delimiter)) : record;
}

/**
 * Refuses a header with one name fewer than every row has fields: the rows may end with a delimiter, or a name may be missing, and
 * then all values but those of the first columns are under the wrong name.
 *
 * @throws Problem header_too_short
 */
function refuseShortHeader(
  columns: readonly string[],
  rows: readonly CsvRecord[],
  delimiter: string,
  linesBefore: number,
): void {
  const fields = columns.length + 1;
  if (rows.length === 0 || rows.some((row) => row.fields.length !== fields)) return;
  const filled = rows.find((row) => (row.fields.at(-1) ?? '') !== '');
  const names = columns.length === 1 ? '1 name' : `${columns.length} names`;
  const last = filled
    ? `On line ${linesBefore + filled.line}, the last field is '${(filled.fields.at(-1) ?? '').slice(0, 40)}'. ${shortHeaderRemedy(rows, delimiter)}`
    : 'The last field is empty. If a delimiter ends each row, set surplus=drop_empty; otherwise add the missing name to the header.';
  const decimals =
    columns.length === 1 && delimiter === ',' ? ' If the commas are decimal points, set delimiter=;.' : '';
  throw new Problem(
    'header_too_short',
    `The header has ${names}, but the rows have ${fields} fields. ${last}${decimals}`,
    {
      names: columns.length,
      fields,
    },
  );
}

/** A delimiter in a field may be protected in a way that the dialect does not have. */
function shortHeaderRemedy(rows: readonly CsvRecord[], delimiter: string): string {
  const all = (test: (field: string) => boolean): boolean =>
    rows.every(({ fields }) => fields.some((field) => test(field ?? '')));
  if (all((field) => field.endsWith('\\')))
    return `If the file writes '\\${delimiter}' for '${delimiter}', set escape=\\.`;
  if (all((field) => /^ *'[^']*$/.test(field)) && all((field) => /^[^']*' *$/.test(field)))
    return "If the file has single quotes around fields, set quote='.";
  return 'Add the missing name to the header.';
}

/**
 * Refuses a file whose first malformed record shows that quotes are escaped by backslashes: with them, everything can be read.
 *
 * @throws Problem text_after_quote, quote_not_closed
 */
function refuseEscapedQuotes(text: HeadText, delimiter: string, sample: readonly CsvRecord[]): void {
  const { bytes, quote, complete, linesBefore } = text;
  const last = sample.length - 1;
  // The last quoted field may be closed below the head.
  const malformed = sample.find((record, index) => record.malformed !== null && (complete || index < last));
  if (!malformed || quote === '' || !bytes.includes(`\\${quote}`)) return;
  const plain = plainText({ ...text, escape: '\\' }, delimiter);
  const escaped = sampleRecords(plain, { delimiter, quote }, complete);
  if (escaped.slice(0, complete ? undefined : -1).some((record) => record.malformed !== null)) return;
  const fields = escaped[0]?.fields.length;
  const regular = (records: readonly CsvRecord[]): number =>
    records.filter((record) => record.malformed === null && record.fields.length === fields).length;
  // A field that ends with a backslash, such as "C:\\", would swallow the next ones.
  if (regular(escaped) <= regular(sample)) return;
  const line = linesBefore + malformed.line;
  throw recordProblems.escapedQuote(malformed.malformed ?? 'text_after_quote', line, quote);
}

/** @throws Problem nul_byte if the header has one: the cutter finds those below it */
function refuseNul(text: Buffer, delimiter: string, linesBefore: number): void {
  const nul = text.indexOf(0);
  if (nul < 0) return;
  const before = text.toString('latin1', 0, nul);
  throw recordProblems.nulByte(linesBefore + before.split('\n').length, before.split(delimiter).length);
}

/** The problem of a file with a header and no rows. */
export function noRows(columns: readonly string[]): Problem {
  const named = columns.length === 1 ? '1 column' : `${columns.length} columns`;
  return new Problem('no_rows', `The file has a header with ${named}, but no rows.`);
}

function leadingBlankLines(text: Buffer): number {
  let lines = 0;
  while (lines < text.length && text[lines] === LF) lines++;
  return lines;
}

function lineFeedsIn(text: Buffer, { byteOffset, bytes }: CsvRecord): number {
  return countLineFeeds(text.subarray(byteOffset, byteOffset + bytes));
}

/** The first record, if it is well-formed. @throws Problem quote_not_closed, text_after_quote, record_too_long */
function wellFormed(first: CsvRecord | undefined, linesBefore: number): CsvRecord {
  if (!first) {
    throw new Problem(
      'record_too_long',
      'The first record is longer than the part of a file in which the header is detected.',
      { line: linesBefore + 1 },
    );
  }
  const line = linesBefore + first.line;
  if (first.malformed === 'text_after_quote') throw recordProblems.textAfterQuote(line);
  if (first.malformed === 'quote_not_closed') throw recordProblems.quoteNotClosed(line);
  return first;
}
