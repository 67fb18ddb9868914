import type { CsvDialect } from './dialect.ts';
import type { FieldShape } from './field-shapes.ts';

/**
 * A piece of a file that begins and ends with a whole record: UTF-8, every record ended by one line feed, without the header
 * record. A byte order mark at its start is no part of the text: see `withMark`.
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
  /** By column: the shapes that its fields in this segment all have. */
  readonly shapes: readonly (readonly FieldShape[])[];
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

export const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * What a segment that begins with this text begins with. DuckDB takes a U+FEFF at the start of a file for a byte order mark
 * and drops it: text that begins with one, as where files with marks were joined, gets one before it to be dropped.
 */
export function withMark(text: Buffer): readonly Buffer[] {
  return beginsWithMark(text) ? [BYTE_ORDER_MARK, text] : [text];
}

/** The text of a segment, by the bytes of its file. */
export function withoutMark(bytes: Buffer): Buffer {
  return beginsWithMark(bytes) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

export function beginsWithMark(bytes: Buffer): boolean {
  return bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
}
