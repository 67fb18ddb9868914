import type { CsvOrigin, CsvSegment, CsvSource } from '../csv/segment.ts';
import type { Column, ColumnFormat } from '../model/columns.ts';
import type { RejectedRow } from '../model/rejected-row.ts';
import type { StorageFailureReason } from '../model/storage-failure.ts';
import type { ScanOperations } from './row-scan.ts';

/** What the engine process is started with, as one JSON argument: nothing of the environment reaches it. */
export interface EngineSettings {
  /** The only folders the engine may read and write. */
  readonly directories: readonly string[];
  readonly tempDirectory: string;
  readonly memoryBytes: number;
  readonly threads: number;
  /** Most table files that stay attached at once. */
  readonly openTables: number;
}

/** Everything the engine can be asked, by name: what it takes and what it gives. Times are UTC microseconds. */
export interface EngineOperations extends ScanOperations {
  /** Finds how the columns are read, from the first records or, where `thorough`, from every record. */
  infer_formats: {
    params: {
      readonly source: CsvSource;
      /** The table's columns where it exists: their types are kept and only formats are sought. */
      readonly table: readonly ColumnFormat[] | null;
      readonly thorough: boolean;
    };
    result: {
      readonly formats: readonly ColumnFormat[];
      /** False where the first records leave a column open (empty, or 3/4/2024), so that a thorough look is needed. */
      readonly settled: boolean;
      /** Columns whose dates fit day-first and month-first alike. */
      readonly ambiguous: readonly string[];
    };
  };
  /** Opens a table file for an attempt; with `create`, whatever was there is replaced by an empty table. */
  begin_load: {
    params: { readonly database: string; readonly columns: readonly Column[]; readonly create: boolean };
    result: null;
  };
  /** Appends every record, or none; fails where some record cannot become a row (`find_rejected_rows` tells which). */
  append: {
    params: {
      readonly database: string;
      readonly tag: number;
      readonly formats: readonly ColumnFormat[];
      readonly source: CsvSource;
      /** True for the file that makes the table: see `formatSql`. */
      readonly exact: boolean;
      /** Whether to ask only `surelyFits` of the values at first, and everything where that does not do. */
      readonly quick: boolean;
    };
    /** `quick`: whether `surelyFits` was enough. */
    result: { readonly rows: number; readonly quick: boolean };
  };
  /** Checkpoints the table file and counts what the attempt appended. */
  end_load: {
    params: { readonly database: string; readonly tag: number; readonly timeColumn: string | null };
    result: { readonly rows: number; readonly earliestAt: bigint | null; readonly latestAt: bigint | null };
  };
  /** Deletes the rows of these attempts. Succeeds where there is no table. */
  purge: { params: { readonly database: string; readonly tags: readonly number[] }; result: null };
  /** Removes the table file. Succeeds where there is none. */
  drop: { params: { readonly database: string }; result: null };
  /** Looks for the records that cannot become rows, and writes them all down; `rejectedRows` holds the first `limit`. */
  find_rejected_rows: {
    params: {
      readonly source: CsvSource;
      readonly formats: readonly ColumnFormat[];
      readonly exact: boolean;
      readonly limit: number;
      readonly origin: CsvOrigin | null;
      /** Where every refusal goes, as a line of JSON, and every refused record, as CSV below the names of the columns. */
      readonly list: string;
      readonly csv: string;
      /** Whether to write the segments anew without the refused records, each beside the old one. */
      readonly keep: boolean;
    };
    result: {
      readonly records: number;
      readonly rejected: number;
      readonly rejectedRows: readonly RejectedRow[];
      /** With `keep`: segments whose records can all become rows. */
      readonly kept: readonly CsvSegment[];
    };
  };
  /** The first time in line order; null where the column is empty throughout. */
  first_time: {
    params: { readonly source: CsvSource; readonly formats: readonly ColumnFormat[]; readonly timeColumn: string };
    result: bigint | null;
  };
  /**
   * Answers one SELECT over a table file, which it names by `tableName`. It selects integers, numbers, booleans and texts
   * only: other values of DuckDB do not cross the channel.
   */
  query: {
    params: {
      readonly database: string;
      readonly sql: string;
      readonly params: readonly (bigint | number | boolean | string)[];
      readonly maxRows: number;
      /** Bounds the texts of the answer, and 8 bytes for every other value. */
      readonly maxBytes: number;
    };
    result:
      | { readonly kind: 'rows'; readonly rows: readonly (readonly (bigint | number | boolean | string | null)[])[] }
      | { readonly kind: 'too_many_rows' | 'too_many_bytes' | 'out_of_memory' | 'out_of_range' | 'no_table' };
  };
  ping: { params: null; result: null };
}

export type EngineOperation = keyof EngineOperations;

/**
 * Operations that change nothing, so that the client may ask again when the engine died under them. Not a query: one that
 * brings the engine down would do so twice, and with it the loads beside it.
 */
export const REPEATABLE: ReadonlySet<EngineOperation> = new Set([
  'infer_formats',
  'find_rejected_rows',
  'first_time',
  'purge',
  'drop',
  'ping',
]);

/** Operations that read tables for their customers: where the process dies beside one, that may be to blame. */
export const READS: ReadonlySet<EngineOperation> = new Set(['query', 'read_rows', 'export_rows', 'export_parquet']);

export type ToEngine =
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly operation: EngineOperation;
      readonly params: EngineOperations[EngineOperation]['params'];
    }
  | { readonly kind: 'cancel'; readonly id: number };

export type FromEngine =
  | { readonly kind: 'ready' }
  /** `share` of the operation that is done, from 0 to 1. */
  | { readonly kind: 'progress'; readonly id: number; readonly share: number }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | EngineFailure;

export interface EngineFailure {
  /** `broken`: this operation left DuckDB unusable, and the process exits. */
  readonly kind: 'failure' | 'broken';
  readonly id: number;
  readonly reason: StorageFailureReason;
  readonly message: string;
}
