import type { CsvDialect } from '../csv/dialect.ts';
import type { CsvOrigin, CsvSegment, CsvSource } from '../csv/segment.ts';
import type { ColumnEvidence } from '../csv/values/column-evidence.ts';
import type { Values } from '../csv/values/values.ts';
import type { Failpoint } from '../failpoints.ts';
import type { Column } from '../model/columns.ts';
import type { ParsedFile } from '../model/parsed-columns.ts';
import type { PhysicalColumn } from '../model/physical-columns.ts';
import type { RejectedRow } from '../model/rejected-row.ts';
import type { StorageFailureReason } from '../model/storage-failure.ts';
import type { CopyOperations } from './copy-operations.ts';
import type { EngineValue } from './engine-value.ts';
import type { ScanOperations } from './scan-operations.ts';

/** The engine process's only input at start, as one JSON argument: it inherits nothing of the environment. */
export interface EngineSettings {
  /** The only folders that the engine may read and write. */
  readonly directories: readonly string[];
  readonly tempDirectory: string;
  readonly memoryBytes: number;
  readonly threads: number;
  /** Maximum number of table files that stay attached. */
  readonly openTables: number;
}

/** A column of a file to look at. */
export interface ColumnToCollect {
  /** In the file. */
  readonly index: number;
  /** The format that was declared for its times. */
  readonly pattern: string | null;
  /** Null: all records. */
  readonly maxRecords: number | null;
}

/** How the text of rewritten segments is written. */
export type RewrittenDialect = Pick<CsvDialect, 'delimiter' | 'quote'>;

/** Local times of a column that clocks showed twice, read as the earlier of both. */
export interface AmbiguousTimes {
  readonly column: string;
  readonly values: Values;
}

/** The operations of the engine, by name: parameters and result. Times are microseconds since 1970-01-01T00:00:00Z. */
export interface EngineOperations extends ScanOperations, CopyOperations {
  /** See `CsvReader.collectEvidence`. */
  collect_evidence: {
    params: {
      readonly source: CsvSource;
      readonly columns: readonly ColumnToCollect[];
      readonly nulls: readonly string[];
    };
    result: readonly ColumnEvidence[];
  };
  /** See `CsvReader.scanRegularShapes`. */
  scan_regular_shapes: {
    params: { readonly source: CsvSource };
    result: readonly CsvSegment['shapes'][];
  };
  /** See `CsvReader.findRejectedRows`. */
  find_rejected_rows: {
    params: ParsedFile & {
      readonly source: CsvSource;
      readonly maxListed: number;
      readonly maxStored: number;
      readonly origin: CsvOrigin | null;
      readonly list: string;
      readonly csv: string;
      readonly keep: boolean;
    };
    result: {
      readonly records: number;
      readonly rejected: number;
      readonly rejectedRows: readonly RejectedRow[];
      readonly kept: readonly CsvSegment[];
    };
  };
  /** See `CsvReader.findFirstTime`. */
  find_first_time: {
    params: ParsedFile & { readonly source: CsvSource; readonly timeColumn: string };
    result: bigint | null;
  };
  /**
   * Opens a table file for an attempt. With `create`, the file must not exist yet; otherwise the columns that the table lacks are
   * added to it. Columns are given by their physical names, here and in all operations on tables.
   */
  begin_load: {
    params: { readonly database: string; readonly columns: readonly PhysicalColumn[]; readonly create: boolean };
    result: null;
  };
  /** Appends every record or none. Fails with `rows_do_not_fit` if a record cannot become a row. */
  append: {
    params: ParsedFile & {
      readonly database: string;
      readonly tag: number;
      /** The stored column for each column of the file; null: it has no values, and is not stored. */
      readonly into: readonly (string | null)[];
      readonly source: CsvSource;
    };
    result: {
      readonly rows: number;
      readonly ambiguousTimes: readonly AmbiguousTimes[];
      readonly incompleteTimes: Values | null;
    };
  };
  /**
   * Writes a segment with canonical values to a new file, for a store that reads them itself. Fails with `rows_do_not_fit` if a record
   * cannot become a row.
   */
  rewrite_segment: {
    params: ParsedFile & {
      readonly dialect: CsvDialect;
      readonly segment: CsvSegment;
      /** Whether the new file is to have commas and double quotes, whatever the dialect. */
      readonly recode: boolean;
      readonly path: string;
    };
    result: {
      readonly segment: CsvSegment;
      readonly dialect: RewrittenDialect;
      readonly ambiguousTimes: readonly AmbiguousTimes[];
      readonly incompleteTimes: Values | null;
    };
  };
  /** Checkpoints the table file and counts what the attempt appended. */
  end_load: {
    params: { readonly database: string; readonly tag: number; readonly timeColumn: string | null };
    result: { readonly rows: number; readonly earliestAt: bigint | null; readonly latestAt: bigint | null };
  };
  /** Deletes the rows of attempts. Fails if the table does not exist. */
  purge: { params: { readonly database: string; readonly tags: readonly number[] }; result: null };
  /** Deletes the table file. Succeeds if it does not exist. */
  drop: { params: { readonly database: string }; result: null };
  /**
   * Runs one SELECT over a table file, which it names by `tableName`. It may select integers, numbers, booleans and texts only:
   * DuckDB's other values cannot cross the channel.
   */
  query: {
    params: {
      readonly database: string;
      readonly sql: string;
      readonly params: readonly Exclude<EngineValue, null>[];
      readonly maxRows: number;
      /** Limits the sum of `valueBytes`. */
      readonly maxBytes: number;
    };
    result:
      | { readonly kind: 'rows'; readonly rows: readonly (readonly EngineValue[])[] }
      | { readonly kind: 'too_many_rows' | 'too_many_bytes' | 'out_of_memory' | 'out_of_range' | 'no_table' };
  };
  /** Writes rows as a Parquet file or an Arrow IPC stream. Nothing of it is kept, at `path` neither. */
  encode_result: {
    params: {
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly EngineValue[])[];
      readonly format: 'parquet' | 'arrow';
      /** Where a file may be written for a moment. */
      readonly path: string;
    };
    result: Uint8Array;
  };
  ping: { params: null; result: null };
}

export type EngineOperation = keyof EngineOperations;

/**
 * Operations that change nothing, so that the client may repeat them if the engine died. Queries are not among them: one that
 * crashes the engine would do so twice, and interrupt the loads that are running as well.
 */
export const REPEATABLE: ReadonlySet<EngineOperation> = new Set([
  'collect_evidence',
  'scan_regular_shapes',
  'find_rejected_rows',
  'find_first_time',
  'purge',
  'drop',
  'ping',
]);

/** Operations that read tables for clients. If the process dies during one, it may be the cause. */
export const READS: ReadonlySet<EngineOperation> = new Set([
  'query',
  'read_rows',
  'export_rows',
  'export_parquet',
  'encode_result',
]);

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
  /** Resident memory of the process, where the client cannot measure it. */
  | { readonly kind: 'memory'; readonly bytes: number }
  /** `share` of the operation that is done, from 0 to 1. */
  | { readonly kind: 'progress'; readonly id: number; readonly share: number }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  /** The process has reached a failpoint. */
  | { readonly kind: 'failpoint'; readonly name: Failpoint }
  | FailureMessage;

export interface FailureMessage {
  /** `broken`: the operation left DuckDB unusable, and the process exits. */
  readonly kind: 'failure' | 'broken';
  readonly id: number;
  readonly reason: StorageFailureReason;
  readonly message: string;
}
