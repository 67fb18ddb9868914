import type { CsvDialect } from './dialect.ts';

/**
 * A piece of a file that begins and ends with a whole record: UTF-8 without a byte order mark, every record ended by one
 * line feed, without the header record.
 */
export interface CsvSegment {
  readonly path: string;
  readonly bytes: number;
  /** Records in the segment, as the cutter counted them. */
  readonly records: number;
  /** Whether quoted fields hold line feeds: DuckDB then misreads the segment where several threads share it. */
  readonly multiline: boolean;
  /** Line number in the file, from 1, of the segment's first line. */
  readonly firstLine: number;
}

/** By what a place in a file's segments tells the place in the file, as it came (decompressed). */
export interface CsvOrigin {
  /** Where in the file the first segment begins. */
  readonly byteOffset: number;
  /** How many bytes ended each line in the file. */
  readonly newlineBytes: 1 | 2;
}

/** Segments that are read alike, and the names of their columns in file order. */
export interface CsvSource {
  readonly dialect: CsvDialect;
  readonly columns: readonly string[];
  readonly segments: readonly CsvSegment[];
}
