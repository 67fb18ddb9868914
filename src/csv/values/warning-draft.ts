import type { Values } from './values.ts';

export type FormatWarningCode =
  | 'nearly_typed'
  | 'nulls'
  | 'type_changed'
  | 'decimal_mark_chosen'
  | 'thousands_marks'
  | 'scientific_notation'
  | 'digits_lost'
  | 'integers_like_dates'
  | 'numbers_like_times'
  | 'date_order_chosen'
  | 'two_digit_years'
  | 'past_microsecond'
  | 'no_offset'
  | 'no_time_of_day'
  | 'separate_time_of_day'
  | 'times_shown_twice'
  | 'incomplete_times';

/** A warning before it has its column. */
export interface WarningDraft {
  readonly code: FormatWarningCode;
  readonly values: Values;
  /** See `FormatWarning`. */
  readonly isNote?: boolean;
  /** Goes on behind `Column 'name' `. */
  readonly says: string;
}

/** The values that a column's format accepts, and whose readings pass a test. */
export type Accepted = (test: (readings: number) => boolean) => Values | null;
