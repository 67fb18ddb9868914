import type { CsvSource } from '../csv/segment.ts';
import type { Values } from '../csv/values/values.ts';
import type { Column, StoredColumn } from '../model/columns.ts';
import type { TableName } from '../model/ids.ts';
import type { ParsedFile } from '../model/parsed-columns.ts';
import type { QueryPlan, Selection } from './query-plan.ts';

/** What one attempt at an upload stored. Times are microseconds since 1970-01-01T00:00:00Z; null if it has none. */
export interface LoadSummary {
  readonly rows: number;
  readonly earliestAt: bigint | null;
  readonly latestAt: bigint | null;
}

export interface Appended {
  readonly rows: number;
  /** By column. They are read as the earlier of both. */
  readonly ambiguousTimes: readonly { readonly column: string; readonly values: Values }[];
  /** Rows with only one of the two columns that the time column is made of. Their time is null. */
  readonly incompleteTimes: Values | null;
}

/**
 * One attempt at one upload. Every row carries the attempt's tag, and is invisible until the catalog commits that tag. Each
 * `append` is a transaction of its own, so that no transaction stays open while the next bytes arrive.
 */
export interface LoadSession {
  /** How many appends may run at the same time. If there are several and one fails, nothing but a roll-back may follow. */
  readonly concurrentAppends: number;
  /**
   * Reads the segments and appends all of their records, or none.
   *
   * @returns the number of rows appended, and the local times in them that clocks showed twice
   * @throws StorageFailure; `rows_do_not_fit` if a record cannot become a row (`CsvReader.findRejectedRows` finds which)
   */
  append(
    source: CsvSource,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void },
  ): Promise<Appended>;
  /** Makes the appended rows durable and counts them. They are on disk when this returns. @throws StorageFailure */
  commit(): Promise<LoadSummary>;
  /** Deletes the appended rows, and the table if the attempt created it. @throws StorageFailure */
  rollBack(): Promise<void>;
}

export interface BeginLoad extends TableName {
  /** Marks the rows of this attempt. Unique within the customer's table. */
  readonly tag: number;
  /** The table's columns, in the table's order. Their parts contain the type of each column of the file. */
  readonly columns: readonly StoredColumn[];
  /** How the file is read. Its columns are those in `columns`, in the file's order, and a derived one at the end. */
  readonly file: ParsedFile;
  readonly timeColumn: string | null;
  /** Whether the attempt creates the table. No other attempt has ever used its ID. */
  readonly create: boolean;
}

/** The rows of a customer's table that a query sees: those of the uploads that were committed at one moment. */
export interface TableView extends TableName {
  /** The table's columns, in the table's order. */
  readonly columns: readonly StoredColumn[];
  readonly uncommittedTags: readonly number[];
  /** Greater tags belong to attempts that began after that moment. */
  readonly lastTag: number;
}

export interface CountedView extends TableView {
  /** Number of rows in the view. */
  readonly rows: number;
  /** The times of one column lie between these two, in microseconds; null if the table has none or that is not known. */
  readonly timeRange: { readonly column: string; readonly earliest: bigint; readonly latest: bigint } | null;
}

/** A value of a result. Integers are bigints, and times are microseconds since 1970-01-01T00:00:00Z. */
export type StoredValue = bigint | number | boolean | string | null;

export interface QueryLimits {
  readonly maxRows: number;
  /** Maximum size of the result in memory: its texts, and 8 bytes for every other value. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** Called from time to time with the share of the query that is done, from 0 to 1, if the store knows it. */
  readonly onProgress?: (share: number) => void;
}

export type QueryOutcome =
  | {
      readonly kind: 'rows';
      readonly rows: readonly (readonly StoredValue[])[];
      /** By measure, its error if it was computed from a sample, else null. No member: all are exact. */
      readonly errors?: readonly (number | null)[];
    }
  /** The result exceeds a limit. */
  | { readonly kind: 'too_many_rows' | 'too_many_bytes' }
  | { readonly kind: 'timed_out' | 'cancelled' }
  /** The query exceeds the store's memory, or its disk space for what does not fit into memory. */
  | { readonly kind: 'out_of_memory' }
  /** A value cannot be represented: the standard deviation of infinities, or a bucket before the start of the calendar. */
  | { readonly kind: 'out_of_range' }
  | { readonly kind: 'no_table' };

/** A row of a view, by its upload and its place among the rows of that upload. */
export interface RowAddress {
  readonly tag: number;
  /** Rows of the upload before this one. */
  readonly offset: number;
  /** Rows of the view in earlier uploads. */
  readonly rowsBefore: number;
}

export interface PageRequest extends Selection {
  /** The `next` of the previous page, or the first row of the page; null for the first page. */
  readonly after: string | RowAddress | null;
  readonly limit: number;
}

export type PageOutcome =
  /**
   * Fewer rows than the limit, or none, if more would take too long or be too large. `next` is null only at the end of the
   * table.
   */
  | { readonly kind: 'rows'; readonly rows: readonly (readonly StoredValue[])[]; readonly next: string | null }
  /** `after` is not a valid position, or the rows before it were deleted. */
  | { readonly kind: 'no_position' }
  | { readonly kind: 'timed_out' | 'cancelled' | 'out_of_memory' }
  | { readonly kind: 'no_table' };

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet', 'arrow'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The formats whose columns have types. */
export type TypedFormat = Extract<ExportFormat, 'parquet' | 'arrow'>;

export interface ExportRequest extends Selection {
  readonly format: ExportFormat;
  /** For CSV: prefixes texts that a spreadsheet would take for a formula with an apostrophe. */
  readonly escapeFormulas: boolean;
}

/** An export could not be completed. */
export class ExportEnded extends Error {
  override readonly name = 'ExportEnded';
  readonly kind: 'no_position' | 'timed_out' | 'cancelled' | 'out_of_memory' | 'no_table' | 'disk_full';

  constructor(kind: ExportEnded['kind']) {
    super(`the export could not be completed: ${kind}`);
    this.kind = kind;
  }
}

/** Tags in one list at most: a long one would make a long statement. */
export const MAX_TAGS = 500;

/** Stores the rows: one table per customer, of which each attempt that creates it has its own until one is committed. All methods throw StorageFailure. */
export interface TableStore {
  /** Runs a query. The columns of the result are the plan's groups, followed by its measures. */
  query(view: CountedView, plan: QueryPlan, limits: QueryLimits): Promise<QueryOutcome>;
  /**
   * Reads a page of rows, in an order that does not change: that of the uploads' tags, and within an upload that of the store.
   * A page costs the same anywhere in the table.
   */
  rows(view: TableView, page: PageRequest, limits: Pick<QueryLimits, 'deadlineMs' | 'signal'>): Promise<PageOutcome>;
  /**
   * Exports all rows as bytes, in the same order. Chunks are produced when they are requested, or a few of them ahead, and no read of the table is
   * open in between: a slow reader does not block writes to the table.
   *
   * @param limits.chunkMs maximum time that one chunk may take
   * @throws ExportEnded
   */
  export(
    view: TableView,
    request: ExportRequest,
    limits: { readonly chunkMs: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void>;
  /** Whether every value of an integer column is written in the same digits as a 64-bit float. */
  keepsIntegersAsNumbers(view: TableView, column: string, signal: AbortSignal): Promise<boolean>;
  /** Writes rows of a result in a format with typed columns. Integers beyond 64 bits become decimals of 38 digits. */
  encode(
    result: { readonly columns: readonly Column[]; readonly rows: readonly (readonly StoredValue[])[] },
    format: TypedFormat,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  /** Begins an attempt at an upload. */
  begin(load: BeginLoad): Promise<LoadSession>;
  /** Deletes the rows of attempts that were never committed, or were undone. Fails if the table does not exist: its rows may come back with it. */
  purge(table: TableName, tags: readonly number[]): Promise<void>;
  /** Deletes a table. Succeeds if it does not exist. In a store that several processes use, no row gets into a table of this name afterwards. */
  drop(table: TableName): Promise<void>;
  /** Finds tables that have no rows and were not changed for so long, so that those of attempts that nobody knows are among them. */
  emptyTables(unchangedMs: number): Promise<readonly TableName[]>;
}
