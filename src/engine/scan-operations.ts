import type { Column } from '../model/columns.ts';
import type { EngineValue } from './engine-value.ts';

/**
 * A position between two rows of a table. Row ids alone are not enough: when the rows of an upload are deleted, a checkpoint
 * may move the rows after them. Only whole uploads are deleted, and the rows of an upload are adjacent and keep their order.
 */
export interface RowPosition {
  /** The upload of the last row before the position. */
  readonly tag: number;
  /** How many rows of that upload come before the position. */
  readonly offset: number;
  /** Row id of the upload's first row when it was last looked up: a hint, which is usually still right. */
  readonly start: number;
}

/** Which rows of a table to read, and from which position. Conditions are SQL. */
export interface RowScan {
  readonly database: string;
  /** The condition that rows of committed uploads meet. */
  readonly visible: string;
  /** The condition of the request; null for all rows. */
  readonly where: string | null;
  /** Parameters of `where`. */
  readonly params: readonly Exclude<EngineValue, null>[];
  /** Null to start at the first row. */
  readonly after: RowPosition | null;
}

/** How the chunks of an export are written. */
export type ChunkFormat =
  /** The text before the first row, and a SQL expression for the text of each row. */
  | { readonly kind: 'text'; readonly head: string; readonly line: string }
  /** An Arrow IPC stream of the columns, which are selected as in `read_rows`. */
  | { readonly kind: 'arrow'; readonly columns: readonly Column[]; readonly select: readonly string[] };

export type ScanOutcome<Found> =
  /** `next` is the position to continue from; null at the end of the table. */
  | ({ readonly kind: 'found'; readonly next: RowPosition | null } & Found)
  /** `position_gone`: the table no longer has any row of that upload. */
  | { readonly kind: 'position_gone' | 'out_of_memory' | 'no_table' };

/** The engine's operations on rows as they are stored. Conditions and expressions are SQL of the table store. */
export interface ScanOperations {
  /** Reads rows in stored order, which is that of the uploads. Returns fewer than `limit` if a limit below is reached. */
  read_rows: {
    params: RowScan & {
      /** One expression per column, of a type that `query` may select. */
      readonly select: readonly string[];
      readonly limit: number;
      /** Approximate maximum of the sum of `rowBytes`. */
      readonly maxBytes: number;
      /** After this time the scan stops and returns the rows found so far. */
      readonly budgetMs: number;
    };
    /** `begin`: the row id at the requested position. */
    result: ScanOutcome<{ readonly rows: readonly (readonly EngineValue[])[]; readonly begin: number }>;
  };
  /** Returns the next chunk of all rows, as bytes: none if the rows passed over did not meet the condition. */
  export_rows: {
    params: RowScan & {
      readonly format: ChunkFormat;
      /** One expression per selected column of texts, which may be long. */
      readonly texts: readonly string[];
      /** How many rows to read at first: the `span` of the previous result. */
      readonly span: number;
    };
    result: ScanOutcome<{ readonly bytes: Uint8Array; readonly span: number }>;
  };
  /** Writes all rows to a Parquet file, which is removed on failure. */
  export_parquet: {
    params: RowScan & {
      /** One expression per column. */
      readonly select: readonly string[];
      /** The names of the columns in the file. */
      readonly names: readonly string[];
      readonly path: string;
      /** Disk space to leave free. */
      readonly reserveBytes: number;
    };
    result: { readonly kind: 'written' | 'disk_full' | 'out_of_memory' | 'no_table' };
  };
}
