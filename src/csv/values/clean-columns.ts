import type { FieldShape } from '../field-shapes.ts';
import { ANY_INTEGER, ANY_NUMBER, ANY_ORDER, ANY_POINT, HAS_CLOCK, NOT_MIDNIGHT, SURELY_NUMBER } from './readings.ts';

/**
 * The readings that all texts of these shapes have in common, so that a column need not be read to be decided: they stand for its
 * values in `ColumnEvidence.values`.
 *
 * Of the shape `timestamp`, days and midnights look like other times: a date column has to be read.
 *
 * Texts of the shape `decimal` may all look like `1.250`. The caller has to read such a column until it meets a text that has
 * another reading than that; from there on it is certain.
 *
 * @param shapes that all fields of the column have
 * @returns 0 if the texts have to be read
 */
export function readingsOfShapes(shapes: readonly FieldShape[]): number {
  if (shapes.includes('whole')) return shapes.includes('decimal') ? ANY_INTEGER | ANY_NUMBER : ANY_INTEGER;
  if (shapes.includes('decimal')) return ANY_POINT | SURELY_NUMBER;
  if (shapes.includes('date')) return ANY_ORDER;
  return shapes.includes('timestamp') ? ANY_ORDER | HAS_CLOCK | NOT_MIDNIGHT : 0;
}
