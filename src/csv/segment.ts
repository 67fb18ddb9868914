import type { CsvDialect } from './dialect.ts';
import type { FieldShape } from './field-shapes.ts';

/**
 * A part of a file that consists of complete records: UTF-8, every record ended by one line feed, without the header. A byte
 * order mark at its start does not belong to the text: see `withMark`.
 */
export interface CsvSegment {
  readonly path: string;
  readonly bytes: number;
  /** Number of records, as counted by the cutter. */
  readonly records: number;
  /** Whether quoted fields contain line feeds. DuckDB misreads such a segment if several threads share it. */
  readonly multiline: boolean;
  /**
   * Whether a record has more or fewer fields than there are columns. DuckDB silently drops surplus fields that are empty, so such
   * a segment is not loaded before these records are rejected.
   */
  readonly irregular: boolean;
  /** Whether there are blank lines between records. DuckDB skips them, ClickHouse does not. */
  readonly blankLines: boolean;
  /**
   * Whether anything may follow the closing quote of a field. All readers skip spaces there, but for ClickHouse where tabs are delimiters.
   */
  readonly textAfterQuotes: boolean;
  /** Line number of the first line, in the file, from 1. */
  readonly firstLine: number;
  /** For each column, the shapes of all its fields in this segment. */
  readonly shapes: readonly (readonly FieldShape[])[];
}

/** How offsets in the segments are converted to offsets in the decompressed file. */
export interface CsvOrigin {
  /** Offset at which the first segment begins. */
  readonly byteOffset: number;
  /** Length of the line ends in the file. */
  readonly newlineBytes: 1 | 2;
}

/** Segments with the same dialect, and the names of their columns in file order. */
export interface CsvSource {
  readonly dialect: CsvDialect;
  readonly columns: readonly string[];
  readonly segments: readonly CsvSegment[];
}

export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The start of a segment that begins with this text. DuckDB removes a U+FEFF at the start of a file as a byte order mark. Text
 * that begins with one, such as after joining files that have marks, is therefore preceded by another one.
 */
export function withMark(text: Buffer): readonly Buffer[] {
  return beginsWithMark(text) ? [BYTE_ORDER_MARK, text] : [text];
}

/** The text of a segment file. */
export function withoutMark(bytes: Buffer): Buffer {
  return beginsWithMark(bytes) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

export function beginsWithMark(bytes: Buffer): boolean {
  return bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
}
