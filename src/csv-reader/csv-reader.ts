import type { CsvOrigin, CsvSegment, CsvSource } from '../csv/segment.ts';
import type { ColumnEvidence } from '../csv/values/column-evidence.ts';
import type { ParsedFile } from '../model/parsed-columns.ts';
import type { RejectedRow } from '../model/rejected-row.ts';

export interface CollectEvidence {
  readonly source: CsvSource;
  readonly columns: readonly {
    /** In the file. */
    readonly index: number;
    /** The format that was declared for its times. */
    readonly pattern: string | null;
    /** How many records to look at, from the start; null: all. */
    readonly maxRecords: number | null;
  }[];
  /** Texts that mean null. */
  readonly nulls: readonly string[];
}

export interface FindRejectedRows extends ParsedFile {
  readonly source: CsvSource;
  /** Maximum number of rejected rows to return. */
  readonly maxListed: number;
  /** Maximum number of rejected rows to write to the files. All of them are counted. */
  readonly maxStored: number;
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

export interface FindFirstTime extends ParsedFile {
  readonly source: CsvSource;
  readonly timeColumn: string;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/**
 * Reads the CSV segments of an upload, with the same result whichever store its rows go to.
 *
 * Reading segments into a table is not part of this port, but of `LoadSession.append` in the table store: the store reads a
 * segment itself, so that no row has to pass through this process.
 *
 * All methods throw StorageFailure.
 */
export interface CsvReader {
  /** Collects what the values of some columns show about how they are written, in the order of `columns`. */
  collectEvidence(request: CollectEvidence, options?: ReadOptions): Promise<readonly ColumnEvidence[]>;
  /** Finds the shapes of the fields of each segment, of records with as many fields as there are columns only. */
  scanRegularShapes(
    request: { readonly source: CsvSource },
    options?: ReadOptions,
  ): Promise<readonly CsvSegment['shapes'][]>;
  /** Finds every record that cannot become a row, and writes them to two files. */
  findRejectedRows(request: FindRejectedRows, options?: ReadOptions): Promise<FoundRejectedRows>;
  /**
   * Finds the first time in line order, which is not that of the stored rows.
   *
   * @returns microseconds since 1970-01-01T00:00:00Z; null if every value is empty
   */
  findFirstTime(request: FindFirstTime, options?: ReadOptions): Promise<bigint | null>;
}
