import type { CsvOrigin, CsvSegment, CsvSource } from '../csv/segment.ts';
import type { ColumnFormat } from '../model/columns.ts';
import type { RejectedRow } from '../model/rejected-row.ts';

export interface InferFormats {
  readonly source: CsvSource;
  /** The table's columns if it exists: their types are kept, and only the formats are inferred. */
  readonly table: readonly ColumnFormat[] | null;
  /** Whether to look at every record, rather than at the first ones only. */
  readonly thorough: boolean;
}

export interface InferredFormats {
  readonly formats: readonly ColumnFormat[];
  /** False if the first records leave a column open (empty, or 3/4/2024), so that a thorough look is needed. */
  readonly settled: boolean;
  /** Columns whose dates fit day-first and month-first alike. */
  readonly ambiguous: readonly string[];
}

export interface FindRejectedRows {
  readonly source: CsvSource;
  readonly formats: readonly ColumnFormat[];
  /** As in `BeginLoad.exact`. */
  readonly exact: boolean;
  /** Maximum number of rejected rows to return; all of them are written to the files. */
  readonly limit: number;
  /** Null if it is not known where in the file the segments begin. */
  readonly origin: CsvOrigin | null;
  /** File to write each `RejectedRow` to, as a line of JSON. */
  readonly list: string;
  /** File to write each rejected record to, as CSV under a header record. */
  readonly csv: string;
  /** Whether to write the other records to new segments, next to the old ones. */
  readonly keep: boolean;
}

export interface FoundRejectedRows {
  /** All records, rejected or not. */
  readonly records: number;
  readonly rejected: number;
  /** The first `limit` rejected rows, in line order. */
  readonly rejectedRows: readonly RejectedRow[];
  /** With `keep`: segments that hold the other records. */
  readonly kept: readonly CsvSegment[];
}

export interface FindFirstTime {
  readonly source: CsvSource;
  readonly formats: readonly ColumnFormat[];
  readonly timeColumn: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/**
 * Reads the CSV segments of an upload, with the same result whichever store its rows go to.
 *
 * Reading segments into a table is not part of this port, but of `LoadSession.append` in the table store: DuckDB reads and
 * stores a segment in one statement, so that no row has to pass through this process.
 *
 * All methods throw StorageFailure.
 */
export interface CsvReader {
  /** Infers how the text of each column is read. */
  inferFormats(request: InferFormats, options?: ReadOptions): Promise<InferredFormats>;
  /** Finds every record that cannot become a row, and writes all of them to two files. */
  findRejectedRows(request: FindRejectedRows, options?: ReadOptions): Promise<FoundRejectedRows>;
  /**
   * Finds the first time in line order, which is not that of the stored rows.
   *
   * @returns microseconds since 1970-01-01T00:00:00Z; null if every value is empty
   */
  findFirstTime(request: FindFirstTime, options?: ReadOptions): Promise<bigint | null>;
}
