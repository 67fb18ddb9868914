import type { Column } from '../model/columns.ts';

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

/** How a piece of an export is written. */
export type PieceFormat =
  /** What stands before the first row, and each row as a text in SQL. */
  | { readonly kind: 'text'; readonly head: string; readonly line: string }
  /** An Arrow IPC stream of the columns, which are selected as in `read_rows`. */
  | { readonly kind: 'arrow'; readonly columns: readonly Column[]; readonly select: readonly string[] };

export type ScanOutcome<Found> =
  /** `next` is where to go on; null: there are no more rows. */
  | ({ readonly kind: 'found'; readonly next: RowPosition | null } & Found)
  /** `position_gone`: there are no rows of that upload. */
  | { readonly kind: 'position_gone' | 'out_of_memory' | 'no_table' };

/** What the engine can be asked about a table's rows as they are. Conditions and expressions are SQL of the table store. */
export interface ScanOperations {
  /** Rows in the order in which they lie, which is that of the uploads; fewer than `limit` where more would be too much. */
  read_rows: {
    params: RowScan & {
      /** The columns, as expressions; they give what a query may select. */
      readonly select: readonly string[];
      readonly limit: number;
      /** About as much as the rows may have. */
      readonly maxBytes: number;
      /** After which no further part of the table is looked at; the rows found so far are the answer. */
      readonly budgetMs: number;
    };
    result: ScanOutcome<{ readonly rows: readonly (readonly ScannedValue[])[] }>;
  };
  /** The next piece of all rows in a format, as bytes; empty where only rows were passed that are not asked for. */
  export_rows: {
    params: RowScan & {
      readonly format: PieceFormat;
      /** How many rows to look at first: what the piece before gave. */
      readonly span: number;
    };
    result: ScanOutcome<{ readonly bytes: Uint8Array; readonly span: number }>;
  };
  /** Writes all rows into a Parquet file, which is not there where it fails. */
  export_parquet: {
    params: RowScan & {
      /** The columns as expressions, each with its name. */
      readonly select: readonly string[];
      readonly path: string;
      /** Room that has to be left on the disk. */
      readonly reserveBytes: number;
    };
    result: { readonly kind: 'written' | 'disk_full' | 'out_of_memory' | 'no_table' };
  };
}
