import type { LogicalType } from '../model/columns.ts';

/**
 * Shapes of fields with an unambiguous value: every reader parses them as the same value, and formatting that value results in
 * the same text. In the order of the bits in `wasm/record-scan.ts`.
 *
 * - `whole`: 0, or up to 18 digits without a leading zero, with an optional minus
 * - `decimal`: the same with up to 15 digits, or with a decimal point between up to 15 and in all up to 17 digits
 * - `date`: 2024-02-29
 * - `timestamp`: a date, or a date with a time, from 2024-02-29 12:30 to 2024-02-29T12:30:00.123456
 * - `full_timestamp`: the same, but the time has seconds
 *
 * Years start at 1000, and all days and times of day exist: readers take 2024-02-30 and 23:60 for other days and times.
 */
export const FIELD_SHAPES = ['whole', 'decimal', 'date', 'timestamp', 'full_timestamp'] as const;
export type FieldShape = (typeof FIELD_SHAPES)[number];

/** The shape that makes a text certainly a value of a type. */
export const SHAPE_OF_TYPE: Readonly<Partial<Record<LogicalType, FieldShape>>> = {
  integer: 'whole',
  number: 'decimal',
  date: 'date',
  timestamp: 'timestamp',
};
