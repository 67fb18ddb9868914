import type { CsvDialect } from '../../csv/dialect.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import { type ColumnType, TAG_COLUMN } from '../../model/columns.ts';
import type { ParsedColumn } from '../../model/parsed-columns.ts';
import { ROW_COLUMN } from '../../model/physical-columns.ts';
import type { StatementSettings } from './clickhouse-shard.ts';
import { identifier, literal } from './clickhouse-sql.ts';
import { unlessEnded } from './ended-attempts.ts';
import type { StoredTypes } from './physical-table.ts';

export type InsertedDialect = Pick<CsvDialect, 'delimiter' | 'quote'>;

/** ClickHouse's types for certain and for canonical texts, and the expression that is stored of them. */
const INPUT: Readonly<Record<ColumnType, readonly [type: string, stored: (column: string) => string]>> = {
  integer: ['Nullable(Int64)', (column) => column],
  number: ['Nullable(Float64)', (column) => column],
  boolean: ['Nullable(Bool)', (column) => column],
  // Date32 would clamp years before 1900 and after 2299.
  date: ["Nullable(DateTime64(0, 'UTC'))", (column) => `toInt32(intDiv(toInt64(${column}), 86400))`],
  timestamp: ["Nullable(DateTime64(6, 'UTC'))", (column) => `toUnixTimestamp64Micro(${column})`],
  text: ['Nullable(String)', (column) => column],
  unknown: ['Nullable(String)', (column) => column],
};

/** Whole segments become one block, so that an insert is stored whole or not at all, as one part. */
const ALL_ROWS = 1_000_000_000;
const ALL_BYTES = 100_000_000_000;

const SETTINGS: StatementSettings = {
  // By default, an insert is collected with others, and answered by rules of its own.
  async_insert: 0,
  insert_deduplicate: 1,
  // Several threads would number the rows in another order than that of the lines.
  max_insert_threads: 1,
  max_insert_block_size: ALL_ROWS,
  min_insert_block_size_rows: ALL_ROWS,
  min_insert_block_size_bytes: ALL_BYTES,
  // Several threads for one segment would take a quarter more processor time, and other segments keep them busy.
  input_format_parallel_parsing: 0,
  // CSV as Thena's cutter and DuckDB read it, whatever the profile of the user says.
  input_format_csv_detect_header: 0,
  input_format_csv_trim_whitespaces: 0,
  input_format_csv_empty_as_default: 1,
  input_format_csv_use_default_on_bad_values: 0,
  input_format_csv_allow_variable_number_of_columns: 0,
  input_format_csv_allow_cr_end_of_line: 0,
  input_format_csv_skip_first_lines: 0,
  input_format_csv_skip_trailing_empty_lines: 0,
  input_format_allow_errors_num: 0,
  input_format_allow_errors_ratio: 0,
  format_csv_allow_single_quotes: 0,
  // The fast parser reads about one number of 150 as a neighbour of the right one.
  precise_float_parsing: 1,
};

/** Whether ClickHouse reads the fields of a segment as they are written. */
export function readsFields(
  { delimiter, quote }: InsertedDialect,
  { textAfterQuotes }: Pick<CsvSegment, 'textAfterQuotes'>,
): boolean {
  if (!['"', ''].includes(quote)) return false;
  return delimiter === '\t' ? !textAfterQuotes : [',', ';', '|'].includes(delimiter);
}

/** What an insert has to know of its text. */
export interface InsertedText extends InsertedDialect {
  /** Whether all times have seconds: ClickHouse's basic parser, which takes half as long as the other one, reads no others. */
  readonly hasFullTimes: boolean;
}

/** The settings of an insert. @param token is the same only for the same rows */
export function insertSettings({ delimiter, quote, hasFullTimes }: InsertedText, token: string): StatementSettings {
  return {
    ...SETTINGS,
    date_time_input_format: hasFullTimes ? 'basic' : 'best_effort',
    format_csv_delimiter: delimiter,
    format_csv_allow_double_quotes: quote === '"' ? 1 : 0,
    input_format_csv_allow_whitespace_or_tab_as_delimiter: delimiter === '\t' ? 1 : 0,
    insert_deduplication_token: token,
  };
}

export interface InsertTarget {
  readonly table: string;
  readonly tag: number;
  /** The stored column for each column of the file; null: it has no values, and is not stored. */
  readonly into: readonly (string | null)[];
}

/**
 * A condition of an insert: fails if some of its rows are stored already. A proxy may repeat a request at any time, also after the rows were counted
 * and committed. While the first one runs, no other has its query ID.
 *
 * @param where such rows, as a condition
 */
function unlessStored(table: string, where: string): string {
  return `throwIf((SELECT count() FROM ${identifier(table)} WHERE ${where}) > 0, 'the records are stored') = 0`;
}

/**
 * The statement that inserts the records of a segment, whose text follows it.
 *
 * @param columns of the file
 * @param firstRow the place of the first record among the rows of the attempt
 */
export function insertSql(
  { table, tag, into }: InsertTarget,
  columns: readonly ParsedColumn[],
  firstRow: number,
): string {
  const inputs = columns.map(({ format: { type } }, index) => `c${index} ${INPUT[type][0]}`);
  const stored = into.flatMap((name, index) => {
    const type = columns[index]?.format.type ?? 'unknown';
    return name === null ? [] : [[name, INPUT[type][1](`c${index}`)] as const];
  });
  const names = [...stored.map(([name]) => name), TAG_COLUMN, ROW_COLUMN];
  const values = [...stored.map(([, value]) => value), tag, `${firstRow} + rowNumberInAllBlocks()`];
  const first = `${TAG_COLUMN} = ${tag} AND ${ROW_COLUMN} = ${firstRow}`;
  // No text of a file has these bytes, since they are not UTF-8: only a field without anything is null.
  const nulls = `format_csv_null_representation = '\\xff\\xfe'`;
  return `INSERT INTO ${identifier(table)} (${names.join(', ')}) SELECT ${values.join(', ')} FROM input(${literal(inputs.join(', '))}) WHERE ${unlessEnded(table, tag)} AND ${unlessStored(table, first)} SETTINGS ${nulls} FORMAT CSV`;
}

/**
 * The statement that inserts the rows of a Parquet file, which follows it, with their tags and places.
 *
 * @param types of the columns of the file that are stored
 * @param where no row is stored yet that this condition holds for, and it holds for those of the file
 */
export function copySql(table: string, types: StoredTypes, where: string): string {
  const names = [...types.keys(), TAG_COLUMN, ROW_COLUMN].join(', ');
  const inputs = [...types, [TAG_COLUMN, 'UInt32'], [ROW_COLUMN, 'UInt64']].map((input) => input.join(' '));
  return `INSERT INTO ${identifier(table)} (${names}) SELECT ${names} FROM input(${literal(inputs.join(', '))}) WHERE ${unlessStored(table, where)} FORMAT Parquet`;
}
