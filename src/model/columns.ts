/** The type of a column, independent of the store. `timestamp` is in UTC, with microseconds. */
export type LogicalType = 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'text';

/** The type of a table's column. It is `unknown` until a file has a value in the column. */
export type ColumnType = LogicalType | 'unknown';

/** A column of a customer's table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** The columns of days and of times of day that its times are made of. Files do not have it. */
  readonly derivedFrom?: readonly [day: string, clock: string];
}

/** A column of a table as it is stored. */
export interface StoredColumn extends Column {
  /**
   * The types in which its values are stored: first the one that the column was created with, then those that uploads added when
   * they widened it (docs/decisions/0014). A row has its value in one of them. Default: the column's type and no other.
   */
  readonly parts?: readonly ColumnType[];
}

/** The types in which the values of a column are stored. */
export function partsOf({ type, parts }: Pick<StoredColumn, 'type' | 'parts'>): readonly ColumnType[] {
  return parts ?? [type];
}

/** Whether a column of this name has times, so that it can be the time column of its table. */
export function isTimeColumn(columns: readonly Column[], name: string | null): boolean {
  const type = columns.find((column) => column.name === name)?.type;
  return type === 'timestamp' || type === 'date';
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
