import { SHAPE_OF_TYPE } from '../../csv/field-shapes.ts';
import type { CsvSource } from '../../csv/segment.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import { identifier, literal } from '../sql.ts';
import { DUCKDB_TYPES, formatSql } from './format-sql.ts';

/**
 * The longest record DuckDB takes, in bytes. The cutter refuses records beyond 2,000,000 bytes, so that this is never
 * what a sender meets. DuckDB's read buffer is 16 times this.
 */
const MAX_LINE_BYTES = 2 * 1024 * 1024;

/** By column: the type that DuckDB reads it as, where that is sure; else it is text. */
export type Types = readonly (string | null)[];

/** How segments are read; by default with several threads, as texts, and failing where a record is no CSV. */
export interface ReadOptions {
  /** One thread, records in the order of the file. */
  readonly inOrder?: boolean;
  /** Leave out records that are no CSV, or have too few or too many fields. */
  readonly skipMalformed?: boolean;
  readonly types?: Types;
}

/**
 * A `read_csv` call. Nothing is detected: left to itself DuckDB may skip lines in silence. Unquoted empty fields are null,
 * quoted ones are ''.
 */
function readCsvSql(source: CsvSource, { inOrder, skipMalformed, types }: ReadOptions): string {
  const { delimiter, quote } = source.dialect;
  const columns = source.columns.map((name, index) => `${literal(name)}: '${types?.[index] ?? 'VARCHAR'}'`).join(', ');
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
    `ignore_errors = ${skipMalformed ? 'true' : 'false'}`,
  ];
  return `read_csv([${paths}], ${options.join(', ')})`;
}

/** Names of the text and the value of the column at an index, in the queries made here. */
export const textName = (index: number): string => `c${index}`;
export const valueName = (index: number): string => `v${index}`;

/**
 * Which columns DuckDB may read as their types by itself: its casts are too willing (see `formatSql`), but not with texts of
 * these shapes. Where one of them is no value all the same, such as 2024-02-30, it fails.
 */
export function sureTypes(source: CsvSource, formats: readonly ColumnFormat[]): Types {
  return formats.map(({ type, format }, index) => {
    const shape = SHAPE_OF_TYPE[type];
    if (!shape || format !== null) return null;
    return source.segments.every(({ shapes }) => shapes[index]?.includes(shape)) ? DUCKDB_TYPES[type] : null;
  });
}

/**
 * A query over texts `c0, c1, …` that adds their values `v0, v1, …`; that of a text is the text itself.
 *
 * @param texts a table or subquery with the columns `c0, c1, …`
 * @param more.types of columns that hold their values already, instead of texts
 * @param more.further columns of it that are passed on
 */
export function valuesSql(
  texts: string,
  formats: readonly ColumnFormat[],
  exact: boolean,
  { types, further = [] }: Pick<ReadOptions, 'types'> & { readonly further?: readonly string[] } = {},
): string {
  const values = formats.map((column, index) => {
    if (types?.[index]) return `${textName(index)} AS ${valueName(index)}`;
    const { value } = formatSql(column, exact, textName(index), valueName(index));
    return `${textName(index)}, ${value} AS ${valueName(index)}`;
  });
  return `SELECT ${[...values, ...further].join(', ')} FROM ${texts}`;
}

/** True where the text of the column at an index is empty or was read without loss. May be null, which means no. */
export function fitsSql(formats: ColumnFormat, index: number, exact: boolean): string {
  if (formats.type === 'text') return 'true';
  const text = textName(index);
  const { fits } = formatSql(formats, exact, text, valueName(index));
  return `((${fits}) OR ${text} IS NULL OR ${text} = '')`;
}

/** The columns of a source as `c0, c1, …`. */
export function textsSql(source: CsvSource, options: ReadOptions = {}): string {
  const names = source.columns.map((name, index) => `${identifier(name)} AS ${textName(index)}`);
  return `(SELECT ${names.join(', ')} FROM ${readCsvSql(source, options)})`;
}

/**
 * True where every column of a record fits. May be null, which means no.
 *
 * @param types of columns that were read as such, and are not asked about
 */
export function allFitSql(formats: readonly ColumnFormat[], exact: boolean, types: Types = []): string {
  return allOf(formats.map((column, index) => (types[index] ? 'true' : fitsSql(column, index, exact))));
}

/** True only where `allFitSql` is, for a quarter of the time. */
export function allSurelyFitSql(formats: readonly ColumnFormat[], exact: boolean, types: Types): string {
  const ask = (column: ColumnFormat, index: number): string =>
    formatSql(column, exact, textName(index), valueName(index)).surelyFits;
  return allOf(formats.map((column, index) => (types[index] ? 'true' : ask(column, index))));
}

function allOf(conditions: readonly string[]): string {
  return conditions.filter((sql) => sql !== 'true').join(' AND ') || 'true';
}
