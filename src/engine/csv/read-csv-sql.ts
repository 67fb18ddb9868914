import type { CsvDialect } from '../../csv/dialect.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import type { ParsedColumn } from '../../model/parsed-columns.ts';
import { literal } from '../sql.ts';
import { DUCKDB_TYPES } from './column-types.ts';

/**
 * Maximum length of a record for DuckDB, in bytes. The cutter refuses records over 2,000,000 bytes, so that no client ever
 * meets this limit.
 */
const MAX_LINE_BYTES = 2 * 1024 * 1024;
/**
 * Each thread holds at least one. With the default of 32 MiB, two loads on 32 cores exceeded a memory limit of 512 MiB; smaller
 * ones are not slower down to the 8 MB that a thread reads at a time.
 */
const BUFFER_BYTES = 8 * 1024 * 1024;

/** By column: the type that DuckDB parses it to. */
export type ColumnTypes = readonly string[];

/**
 * A `read_csv` call that reads the columns of a source as `c0, c1, …`, without any detection, which could skip lines without an
 * error. An unquoted empty field is null, a quoted one is ''. It fails at the first record that is malformed, has too few fields,
 * or has a text that is no value of its type.
 */
export function readCsvSql(
  { delimiter, quote }: Pick<CsvDialect, 'delimiter' | 'quote'>,
  segments: readonly CsvSegment[],
  types: ColumnTypes,
): string {
  const columns = types.map((type, index) => `c${index}: '${type}'`).join(', ');
  const paths = segments.map((segment) => literal(segment.path)).join(', ');
  const options = [
    `columns = {${columns}}`,
    'auto_detect = false',
    'header = false',
    // If it is not given, DuckDB takes a CRLF inside quotes for the line ending of the file.
    "new_line = '\\n'",
    `delim = ${literal(delimiter)}`,
    `quote = ${literal(quote)}`,
    `escape = ${literal(quote)}`,
    "nullstr = ''",
    'allow_quoted_nulls = false',
    `max_line_size = ${MAX_LINE_BYTES}`,
    `buffer_size = ${BUFFER_BYTES}`,
    // A thread that starts in the middle of a segment takes a line of a long quoted field for a record, and fails.
    `parallel = ${segments.some(({ multiline }) => multiline) ? 'false' : 'true'}`,
    'ignore_errors = false',
  ];
  return `read_csv([${paths}], ${options.join(', ')})`;
}

/** DuckDB's types for the columns of a file whose text is canonical, or certain by its shape. */
export function typesOf(columns: readonly ParsedColumn[]): ColumnTypes {
  return columns.map(({ format: { type } }) => (type === 'unknown' ? 'VARCHAR' : DUCKDB_TYPES[type]));
}
