import { Problem } from '../errors.ts';
import { checkColumnCount, checkColumnNames } from './column-names.ts';
import { isHeader, showsHeader } from './detect-header.ts';
import type { CsvDialect, Newline } from './dialect.ts';
import { type DialectOptions, delimiterOption, quoteOption } from './dialect-options.ts';
import { countLineFeeds, detectNewline, offsetOfLine, unifyNewlines } from './newlines.ts';
import { recordProblems } from './record-problems.ts';
import { type CsvRecord, readRecords } from './record-reader.ts';

const DELIMITERS = [',', ';', '\t', '|'] as const;
const LF = 10;
/** Number of records from which the delimiter and the header are detected. */
const DELIMITER_SAMPLE = 1000;
const HEADER_SAMPLE = 20;

/** What the head of a file reveals. */
export interface DetectedDialect {
  readonly dialect: CsvDialect;
  readonly newline: Newline;
  readonly columns: readonly string[];
  /** Whether the first record was assumed to be the header without evidence: no column continues with values of another kind. */
  readonly headerGuessed: boolean;
  /** The header record as it is in the file, without its line end; null if the file has no header. */
  readonly headerText: string | null;
  /** Offset in the head at which the records begin, after the header and any blank lines above it. */
  readonly dataOffset: number;
  readonly firstDataLine: number;
}

/**
 * Detects the delimiter, header and columns from the first bytes of a file. Never skips a line that does not fit.
 *
 * @param head UTF-8 without a byte order mark
 * @param options `complete`: whether the head is the whole file
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
  const unified = unifyNewlines(head, newline);
  const blank = leadingBlankLines(unified);
  if (blank.bytes === unified.length) {
    throw new Problem(
      'file_empty',
      complete ? 'The file consists only of line ends.' : 'The head of the file consists only of blank lines.',
    );
  }
  const text = unified.subarray(blank.bytes);
  const delimiter =
    overrides.delimiter === null ? detectDelimiter(text, quote, complete) : delimiterOption(overrides.delimiter);
  const sample = sampleRecords(text, { delimiter, quote }, complete, HEADER_SAMPLE);
  const first = wellFormed(sample[0], blank.lines + 1);
  const header = overrides.header ?? isHeader(sample);
  const columns = first.fields.map((field, index) => (header ? (field ?? '').trim() : `column_${index + 1}`));
  checkColumnCount(columns, maxColumns);
  checkColumnNames(columns);
  // With one column, blank lines are rows. They may follow the header, and are counted by the cutter.
  if (header && complete && sample.length === 1 && columns.length > 1) {
    throw noRows(columns);
  }
  const firstRecord = text.subarray(first.byteOffset, first.byteOffset + first.bytes);
  // Blank lines are skipped only above a header: with one column they are rows.
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

/** The problem of a file with a header and no rows. */
export function noRows(columns: readonly string[]): Problem {
  const named = columns.length === 1 ? '1 column' : `${columns.length} columns`;
  return new Problem('no_rows', `The file has a header with ${named}, but no rows.`);
}

function leadingBlankLines(text: Buffer): { readonly bytes: number; readonly lines: number } {
  let at = 0;
  while (at < text.length && text[at] === LF) at++;
  return { bytes: at, lines: at };
}

/** The first record, if it is well-formed. @throws Problem quote_not_closed, text_after_quote, record_too_long */
function wellFormed(first: CsvRecord | undefined, line: number): CsvRecord {
  if (!first) {
    throw new Problem(
      'record_too_long',
      'The first record is longer than the part of a file in which the header is detected.',
      { line },
    );
  }
  if (first.malformed === 'text_after_quote') throw recordProblems.textAfterQuote(line);
  if (first.malformed === 'quote_not_closed') throw recordProblems.quoteNotClosed(line);
  return first;
}

/** The first records of a text. Omits the last one if it may be incomplete, unless a quote in it is not closed. */
function sampleRecords(
  text: Buffer,
  dialect: { readonly delimiter: string; readonly quote: string },
  complete: boolean,
  max: number,
): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  for (const record of readRecords(text, dialect, 2, 1)) {
    const isWhole = complete || record.byteOffset + record.bytes < text.length;
    if (isWhole || record.malformed !== null) records.push(record);
    if (records.length === max) break;
  }
  return records;
}

/**
 * The delimiter with which most records have the same number of fields as the first one, at least two. If several are equally
 * good, the one that results in more fields; any other one if all commas are decimal points. If there is none, the file has one
 * column, and the delimiter is a comma.
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
    // A few malformed lines must not favour a delimiter that merely occurs in the text.
    if (better > 0.1 || (better > -0.1 && moreFields)) best = { delimiter, agreement, fields };
  }
  return best.delimiter;
}

/** Whether there are commas in the fields of these records, and each is the decimal point of a number. */
function commasAreDecimal(records: readonly CsvRecord[]): boolean {
  const withComma = records.flatMap(({ fields }) => fields.filter((field) => field?.includes(',')));
  return withComma.length > 0 && withComma.every((field) => /^ *[+-]?\d+,\d+ *$/.test(field ?? ''));
}
