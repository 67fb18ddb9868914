import type { LogicalType } from '../model/columns.ts';

/**
 * Shapes of fields whose values are beyond doubt: every reader takes them for the same value, and writing it down again gives
 * the same text. Bits of `wasm/record-scan.ts`, in their order.
 *
 * - `whole`: 0, or up to 18 digits without a leading zero, with or without a minus
 * - `decimal`: the same of up to 15 digits, or with a point between digits
 * - `day`: 2024-02-29
 * - `moment`: a day; or one with a time, from 2024-02-29 12:30 to 2024-02-29T12:30:00.123456
 *
 * Years begin at 1000. Whether there is such a day is not asked.
 */
export const FIELD_SHAPES = ['whole', 'decimal', 'day', 'moment'] as const;
export type FieldShape = (typeof FIELD_SHAPES)[number];

/** The shape by which a text is sure to be a value of a type. */
export const SHAPE_OF_TYPE: Readonly<Partial<Record<LogicalType, FieldShape>>> = {
  integer: 'whole',
  number: 'decimal',
  date: 'day',
  timestamp: 'moment',
};
