/** What a column's values mean, whatever store they lie in. `timestamp` is UTC with microseconds. */
export type LogicalType = 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'text';

/** A column of a customer's table. */
export interface Column {
  readonly name: string;
  readonly type: LogicalType;
}

/**
 * How the text of one column of one file is read into a column of the table.
 *
 * `format` is a strptime format for dates and timestamps that are not ISO 8601, else null.
 */
export interface ColumnFormat extends Column {
  readonly format: string | null;
}

/** Hidden column of every stored table: the tag of the attempt that wrote the row. */
export const TAG_COLUMN = '_thena_upload';

/** Column names that begin so belong to Thena; a file may not use them. */
export const RESERVED_PREFIX = '_thena_';

/**
 * The column whose values order a table in time: the leftmost `timestamp`, or else the leftmost `date`.
 *
 * @returns its name, or null where no column holds times
 */
export function chooseTimeColumn(columns: readonly Column[]): string | null {
  const timestamp = columns.find((column) => column.type === 'timestamp');
  return (timestamp ?? columns.find((column) => column.type === 'date'))?.name ?? null;
}
