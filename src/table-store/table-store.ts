import type { CsvSource } from '../csv/segment.ts';
import type { Column, ColumnFormat } from '../model/columns.ts';
import type { CustomerId } from '../model/ids.ts';
import type { QueryPlan, Selection } from './query-plan.ts';

/** What one attempt at an upload wrote. Times are microseconds since 1970-01-01T00:00:00Z; null where there are none. */
export interface LoadSummary {
  readonly rows: number;
  readonly earliestAt: bigint | null;
  readonly latestAt: bigint | null;
}

/**
 * One attempt at one upload. Every row carries the attempt's tag, so nothing is seen before the catalog commits that tag.
 * Each `append` is a transaction of its own: none stays open while bytes are awaited.
 */
export interface LoadSession {
  /**
   * Appends all records of the segments, or none.
   *
   * @returns the number of rows appended
   * @throws StorageFailure; `rows_do_not_fit` if a record cannot become a row (`CsvReader.findRejectedRows` finds which)
   */
  append(
    source: CsvSource,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void },
  ): Promise<number>;
  /** Makes what was appended durable and counts it. The rows are on disk when this returns. */
  commit(): Promise<LoadSummary>;
  /** Takes away what was appended. */
  rollBack(): Promise<void>;
}

export interface BeginLoad {
  readonly customerId: CustomerId;
  /** Marks the rows of this attempt; unique within the customer's table. */
  readonly tag: number;
  /** The table's columns, in the table's order. */
  readonly columns: readonly Column[];
  /** How the file's columns are read; the same columns as `columns`, in the file's order. */
  readonly formats: readonly ColumnFormat[];
  readonly timeColumn: string | null;
  /** True where the customer has no committed table: whatever an earlier attempt left is replaced. */
  readonly create: boolean;
  /** True where this file decides the columns' types: '007' is then no number. */
  readonly exact: boolean;
}

/** Which rows of a customer's table a query sees: those of the uploads that were committed at one moment. */
export interface TableView {
  readonly customerId: CustomerId;
  readonly uncommittedTags: readonly number[];
  /** Greater tags were begun after that moment. */
  readonly lastTag: number;
}

export interface CountedView extends TableView {
  /** How many rows it sees. */
  readonly rows: number;
}

/** A value of a result. Whole numbers are bigints, times are microseconds since 1970-01-01T00:00:00Z. */
export type StoredValue = bigint | number | boolean | string | null;

export interface QueryLimits {
  readonly maxRows: number;
  /** Bounds what the result takes in memory: its texts, and a word for every other value. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

export type QueryOutcome =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly StoredValue[])[] }
  /** The result is past one of the limits. */
  | { readonly kind: 'too_many_rows' | 'too_many_bytes' }
  | { readonly kind: 'timed_out' | 'cancelled' }
  /** The store's memory, or its disk space for what does not fit into memory, did not do. */
  | { readonly kind: 'out_of_memory' }
  /** A value came out that there is none for: the deviation of infinities, or a bucket before the first day of the calendar. */
  | { readonly kind: 'out_of_range' }
  | { readonly kind: 'no_table' };

export interface PageRequest extends Selection {
  /** Where to go on: the `next` of the page before. Null: at the first row. */
  readonly after: string | null;
  readonly limit: number;
}

export type PageOutcome =
  /** Fewer rows than the limit, even none, where more would take too long or too much; `next` is null at the end alone. */
  | { readonly kind: 'rows'; readonly rows: readonly (readonly StoredValue[])[]; readonly next: string | null }
  /** `after` is no place in a table, or the rows before it were taken away. */
  | { readonly kind: 'no_position' }
  | { readonly kind: 'timed_out' | 'cancelled' | 'out_of_memory' | 'no_table' };

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet', 'arrow'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportRequest extends Selection {
  readonly format: ExportFormat;
  /** Of CSV: texts that a spreadsheet would take for a formula begin with a quote. */
  readonly escapeFormulas: boolean;
}

/** Why an export ended before its end. */
export class ExportEnded extends Error {
  override readonly name = 'ExportEnded';
  readonly kind: 'no_position' | 'timed_out' | 'cancelled' | 'out_of_memory' | 'no_table' | 'disk_full';

  constructor(kind: ExportEnded['kind']) {
    super(`the export ended: ${kind}`);
    this.kind = kind;
  }
}

/** Where the rows are. One table a customer. */
export interface TableStore {
  /** Computes a plan's result: its groups and measures, one after the other. @throws where the store failed */
  query(view: CountedView, plan: QueryPlan, limits: QueryLimits): Promise<QueryOutcome>;
  /**
   * Reads rows in an order that stays: that of the uploads' commits, and within an upload that of the store. A page costs the
   * same wherever in the table it is.
   */
  rows(view: TableView, page: PageRequest, limits: Pick<QueryLimits, 'deadlineMs' | 'signal'>): Promise<PageOutcome>;
  /**
   * All rows as bytes, in the same order, a piece whenever one is asked for: whoever reads slowly holds nothing of the table.
   *
   * @param limits the longest that one piece may take, and what ends it
   * @throws ExportEnded; whatever the store failed with
   */
  export(
    view: TableView,
    request: ExportRequest,
    limits: { readonly pieceMs: number; readonly signal: AbortSignal },
  ): AsyncGenerator<Uint8Array, void>;
  begin(load: BeginLoad): Promise<LoadSession>;
  /** Takes away the rows of attempts that were never committed or were undone. */
  purge(customerId: CustomerId, tags: readonly number[]): Promise<void>;
  /** Removes the customer's table and all that it holds. Succeeds where there is none. */
  drop(customerId: CustomerId): Promise<void>;
}
