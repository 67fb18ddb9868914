import { SHAPE_OF_TYPE } from '../../csv/field-shapes.ts';
import type { CsvSource } from '../../csv/segment.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import { literal } from '../sql.ts';
import { DUCKDB_TYPES } from './cast-sql.ts';

/**
 * Maximum length of a record for DuckDB, in bytes. The cutter refuses records over 2,000,000 bytes, so that no client ever
 * meets this limit. DuckDB's read buffer is 16 times as large.
 */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

/** By column: the type that DuckDB parses it to, or null to read it as text. */
export type ColumnTypes = readonly (string | null)[];

/** By default: several threads, every column as text, and an error at the first malformed record. */
export interface ReadOptions {
  /** Reads on one thread, so that records keep the order of the file. */
  readonly inOrder?: boolean;
  /** Leaves out records that are malformed, or have too few or too many fields. */
  readonly skipMalformed?: boolean;
  readonly types?: ColumnTypes;
}

/** The name of the column at an index of a file, as it was read. */
export const textName = (index: number): string => `c${index}`;

/**
 * A `read_csv` call that reads the columns of a source as `c0, c1, …`, without any detection, which could skip lines without an
 * error. An unquoted empty field is null, a quoted one is ''.
 */
export function textsSql(source: CsvSource, { inOrder, skipMalformed, types }: ReadOptions = {}): string {
  const { delimiter, quote } = source.dialect;
  const columns = source.columns.map((_, index) => `${textName(index)}: '${types?.[index] ?? 'VARCHAR'}'`).join(', ');
  const paths = source.segments.map((segment) => literal(segment.path)).join(', ');
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
    // A thread that starts in the middle of a segment takes a line of a long quoted field for a record, and fails.
    `parallel = ${inOrder || source.segments.some(({ multiline }) => multiline) ? 'false' : 'true'}`,
    `ignore_errors = ${skipMalformed ? 'true' : 'false'}`,
  ];
  return `read_csv([${paths}], ${options.join(', ')})`;
}

/**
 * The columns that DuckDB may parse directly to their types. Its parser accepts too much (see `castSql`), but not from texts of
 * these shapes. It fails at a text of the right shape that is no value, such as 2024-02-30.
 */
export function sureTypes(source: CsvSource, formats: readonly ColumnFormat[]): ColumnTypes {
  return formats.map(({ type, format }, index) => {
    const shape = SHAPE_OF_TYPE[type];
    if (!shape || format !== null) return null;
    return source.segments.every(({ shapes }) => shapes[index]?.includes(shape)) ? DUCKDB_TYPES[type] : null;
  });
}
