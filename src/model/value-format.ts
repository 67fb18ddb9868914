/** Order of day, month and year in dates written with numbers only. */
export type DateOrder = 'dmy' | 'mdy' | 'ymd';

export type DecimalMark = '.' | ',';

/** A space stands for every kind of space, an apostrophe for ' and ’. */
export type ThousandsMark = ',' | '.' | ' ' | "'";

/**
 * How the texts of one column of one file are read. Plain JSON.
 *
 * `order` is null where the texts need none, such as ISO 8601. `pattern` is a declared strptime format or `epoch_s`,
 * `epoch_ms`, `epoch_us`, `epoch_ns`; null: all forms that are read without a declaration.
 */
export type ValueFormat =
  | { readonly type: 'text' | 'unknown' | 'boolean' }
  | { readonly type: 'integer'; readonly thousands: ThousandsMark | null }
  | { readonly type: 'number'; readonly decimal: DecimalMark; readonly thousands: ThousandsMark | null }
  | { readonly type: 'date'; readonly order: DateOrder | null; readonly pattern: string | null }
  | {
      readonly type: 'timestamp';
      readonly order: DateOrder | null;
      readonly pattern: string | null;
      /** IANA name of the zone of times without an offset. */
      readonly timeZone: string;
    };

/** What the uploads so far have proven or declared about a column's texts; null: nothing yet. It holds for later files. */
export interface SettledFormat {
  readonly decimal: DecimalMark | null;
  readonly order: DateOrder | null;
  readonly timeZone: string | null;
}

export const NOTHING_SETTLED: SettledFormat = { decimal: null, order: null, timeZone: null };
