/** Why a value was rejected. `not_…`: it is nothing like a value of the type. The option in a reason is one that was declared or settled. */
export type ValueRejectionCode =
  | 'not_integer'
  | 'not_number'
  | 'not_boolean'
  | 'not_date'
  | 'not_timestamp'
  | 'leading_zero'
  | 'leading_plus'
  | 'has_fraction'
  | 'out_of_range'
  | 'too_many_digits'
  | 'other_number_style'
  | 'no_such_day'
  | 'no_such_clock_time'
  | 'wrong_weekday'
  | 'other_date_order'
  | 'ambiguous_date'
  | 'has_clock_time'
  | 'no_such_local_time'
  | 'not_clock_time';

/** What is wrong with a record that could not become a row. */
export type RejectionCode = 'malformed_record' | 'wrong_field_count' | ValueRejectionCode;

/** A record that could not become a row, and why. */
export interface RejectedRow {
  /** Line of the file, from 1, on which the record begins. */
  readonly line: number;
  /** Byte offset in the decompressed file at which the record begins; null if it is not known. */
  readonly byteOffset: number | null;
  /** The column whose value does not fit; null if the record as a whole is at fault. */
  readonly column: string | null;
  readonly code: RejectionCode;
  /** A clause of which the text is the subject, such as `is not a whole number`. */
  readonly message: string;
  /** The value, or the whole record if no single value is at fault; cut to a readable length. */
  readonly text: string;
}

/** A rejected row as it is stored: with its record, and the records around it, to be corrected by a person. */
export interface RejectedRecord extends RejectedRow {
  /** Its text in the file of rejected rows; null if it is too long for a list. */
  readonly record: string | null;
  /** The record before it, and the one after it, cut to a readable length; null at the start and the end of the file. */
  readonly before: string | null;
  readonly after: string | null;
}
