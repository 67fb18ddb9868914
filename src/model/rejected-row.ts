import type { LogicalType } from './columns.ts';

/** What is wrong with a record that could not become a row. */
export type RejectionCode =
  | 'malformed_record'
  | 'wrong_field_count'
  | `not_${Exclude<LogicalType, 'text'>}`
  | 'not_text';

/** A record that could not become a row, and why. */
export interface RejectedRow {
  /** Line of the file, from 1, on which the record begins. */
  readonly line: number;
  /** Byte offset in the decompressed file at which the record begins; null if it is not known. */
  readonly byteOffset: number | null;
  /** The column whose value does not fit; null if the record as a whole is at fault. */
  readonly column: string | null;
  readonly code: RejectionCode;
  /** One clause, such as `not a whole number`. */
  readonly message: string;
  /** The value, or the whole record if no single value is at fault; cut to a readable length. */
  readonly text: string;
}
