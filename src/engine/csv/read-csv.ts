import type { CsvSource } from '../../csv/segment.ts';
import type { ColumnReading } from '../../table/columns.ts';
import { identifier, literal } from '../sql.ts';
import { readingSql } from './reading-sql.ts';

/**
 * The longest record DuckDB takes, in bytes. The cutter refuses records beyond 2,000,000 bytes, so that this is never
 * what a sender meets. DuckDB's read buffer is 16 times this.
 */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

/**
 * A `read_csv` call that reads every column of the segments as text. Nothing is detected: left to itself DuckDB may skip
 * lines in silence. Unquoted empty fields are null, quoted ones are ''.
 *
 * @param inOrder true: one thread, records in the order of the file
 * @param malformed what to do with records that are no CSV or have too few or too many fields
 */
export function readCsvSql(source: CsvSource, inOrder: boolean, malformed: 'fail' | 'skip'): string {
  const { delimiter, quote } = source.dialect;
  const columns = source.columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
  const paths = source.segments.map((segment) => literal(segment.path)).join(', ');
  const options = [
    `columns = {${columns}}`,
    'auto_detect = false',
    'header = false',
    // Left to itself it takes a CRLF inside quotes for the line end of the file.
    "new_line = '\\n'",
    `delim = ${literal(delimiter)}`,
    `quote = ${literal(quote)}`,
    `escape = ${literal(quote)}`,
    "nullstr = ''",
    'allow_quoted_nulls = false',
    `max_line_size = ${MAX_LINE_BYTES}`,
    // Threads that begin in the middle of a segment take a line of a long quoted text for a record, and fail.
    `parallel = ${inOrder || source.segments.some(({ multiline }) => multiline) ? 'false' : 'true'}`,
    `ignore_errors = ${malformed === 'skip' ? 'true' : 'false'}`,
  ];
  return `read_csv([${paths}], ${options.join(', ')})`;
}

/** Names of the text and the value of the column at an index, in the queries made here. */
export const textName = (index: number): string => `c${index}`;
export const valueName = (index: number): string => `v${index}`;

/**
 * A query over texts `c0, c1, …` that adds their values `v0, v1, …`; that of a text is the text itself.
 *
 * @param texts a table or subquery with the columns `c0, c1, …`
 * @param further columns of it that are passed on
 */
export function valuesSql(
  texts: string,
  reading: readonly ColumnReading[],
  exact: boolean,
  further: readonly string[] = [],
): string {
  const values = reading.map((column, index) => {
    const { value } = readingSql(column, exact, textName(index), valueName(index));
    return `${textName(index)}, ${value} AS ${valueName(index)}`;
  });
  return `SELECT ${[...values, ...further].join(', ')} FROM ${texts}`;
}

/** True where the text of the column at an index is empty or was read without loss. May be null, which means no. */
export function fitsSql(reading: ColumnReading, index: number, exact: boolean): string {
  if (reading.type === 'text') return 'true';
  const text = textName(index);
  const { fits } = readingSql(reading, exact, text, valueName(index));
  return `((${fits}) OR ${text} IS NULL OR ${text} = '')`;
}

/** The texts of a source as `c0, c1, …`. */
export function textsSql(source: CsvSource, inOrder: boolean, malformed: 'fail' | 'skip' = 'fail'): string {
  const names = source.columns.map((name, index) => `${identifier(name)} AS ${textName(index)}`);
  return `(SELECT ${names.join(', ')} FROM ${readCsvSql(source, inOrder, malformed)})`;
}

/** True where every column of a record fits. May be null, which means no. */
export function allFitSql(reading: readonly ColumnReading[], exact: boolean): string {
  return allOf(reading.map((column, index) => fitsSql(column, index, exact)));
}

/** True only where `allFitSql` is, for a quarter of the time. */
export function allSurelyFitSql(reading: readonly ColumnReading[], exact: boolean): string {
  return allOf(reading.map((column, index) => readingSql(column, exact, textName(index), valueName(index)).surelyFits));
}

function allOf(conditions: readonly string[]): string {
  return conditions.filter((sql) => sql !== 'true').join(' AND ') || 'true';
}
