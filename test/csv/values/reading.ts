import fc from 'fast-check';
import { DEFAULT_NULLS } from '../../../src/csv/values/column-evidence.ts';
import { type ParsedValue, parserFor } from '../../../src/csv/values/value-parser.ts';
import type { ValueFormat } from '../../../src/model/value-format.ts';

/** Reads texts in a format; a rejected one becomes its code. */
export function read(format: ValueFormat, texts: readonly (string | null)[], nulls = DEFAULT_NULLS): ParsedValue[] {
  const parser = parserFor(format, nulls);
  return texts.map((text) => {
    const value = parser.parse(text);
    return value !== null && typeof value === 'object' ? `rejected: ${value.code}` : value;
  });
}

export const UTC: ValueFormat = { type: 'timestamp', order: null, pattern: null, timeZone: 'UTC' };
export const DATE: ValueFormat = { type: 'date', order: null, pattern: null };
export const INTEGER: ValueFormat = { type: 'integer', thousands: null };
export const NUMBER: ValueFormat = { type: 'number', decimal: '.', thousands: null };

/** Texts of any 16-bit units, halves of characters among them. */
export const anyText = fc.string({
  unit: fc
    .oneof(fc.integer({ min: 32, max: 126 }), fc.integer({ min: 0, max: 0xffff }))
    .map((unit) => String.fromCharCode(unit)),
  maxLength: 90,
});
