/** A value that is read from a table: times are microseconds. */
export type ScannedValue = bigint | number | boolean | string | null;

/**
 * A place between two rows of a table. Row ids alone would not do: where the rows of an upload are deleted, a checkpoint may
 * move those behind them. Only whole uploads are deleted, and the rows of one lie together, in an order that stays.
 */
export interface RowPosition {
  /** The upload that the last row before it belongs to. */
  readonly tag: number;
  /** How many rows of that upload lie before it. */
  readonly offset: number;
  /** Row id of the upload's first row when it was looked for last: most often it still is. */
  readonly start: number;
}

/** Which rows of a table are read, and from where on. Conditions are SQL. */
export interface RowScan {
  readonly database: string;
  /** The rows that are part of the table at all. */
  readonly visible: string;
  /** Those of them that are asked for; null: all. */
  readonly where: string | null;
  /** Values of `where`. */
  readonly params: readonly (bigint | number | boolean | string)[];
  /** Null: from the first row on. */
  readonly after: RowPosition | null;
}
