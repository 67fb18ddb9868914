/** The type of a column, independent of the store. `timestamp` is in UTC, with microseconds. */
export type LogicalType = 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'text';

/** A column of a customer's table. */
export interface Column {
  readonly name: string;
  readonly type: LogicalType;
  /** The columns of days and of times of day that its times are made of. Files do not have it. */
  readonly derivedFrom?: readonly [day: string, clock: string];
}

/** A hidden column of every stored table: the tag of the attempt that wrote the row. */
export const TAG_COLUMN = '_thena_upload';

/** Column names with this prefix are reserved for Thena. */
export const RESERVED_PREFIX = '_thena_';

/**
 * The time column of a table: the leftmost `timestamp` column, or else the leftmost `date` column.
 *
 * @returns its name, or null if there is none
 */
export function chooseTimeColumn(columns: readonly Column[]): string | null {
  const timestamp = columns.find((column) => column.type === 'timestamp');
  return (timestamp ?? columns.find((column) => column.type === 'date'))?.name ?? null;
}
