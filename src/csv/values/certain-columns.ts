import type { LogicalType } from '../../model/columns.ts';
import type { ParsedColumn, ParsedFile } from '../../model/parsed-columns.ts';
import type { ValueFormat } from '../../model/value-format.ts';
import { FIELD_SHAPES, type FieldShape, SHAPE_OF_TYPE } from '../field-shapes.ts';
import type { CsvSegment } from '../segment.ts';
import { classifyText } from './classify-text.ts';

/** Whether all fields of a column are empty: they have every shape. */
export function isEmptyColumn(shapes: readonly FieldShape[]): boolean {
  return shapes.length === FIELD_SHAPES.length;
}

/** The shape that a column of a type must have to be certain without a look at its texts. */
export function hasShapeOf(type: LogicalType | 'unknown', shapes: readonly FieldShape[]): boolean {
  const shape = type === 'unknown' ? undefined : SHAPE_OF_TYPE[type];
  return shape !== undefined && shapes.includes(shape);
}

/** Whether shapes are evidence: not if a word that means null may have the shape of a value, as -999 has. */
export function mayTrustShapes(nulls: Iterable<string>): boolean {
  return [...nulls].every((word) => classifyText(word) === 0);
}

/** Whether any reader gives the values of this format to texts of these shapes, if `mayTrustShapes`. */
export function isCertain(format: ValueFormat, shapes: readonly FieldShape[]): boolean {
  if (format.type === 'text' || isEmptyColumn(shapes)) return true;
  if (!hasShapeOf(format.type, shapes)) return false;
  switch (format.type) {
    case 'number':
      return format.decimal === '.' || shapes.includes('whole');
    case 'date':
      return format.pattern === null;
    case 'timestamp':
      return format.pattern === null && format.timeZone === 'UTC';
    default:
      return true;
  }
}

/** Whether all times of a segment have seconds, once those that are not certain have been rewritten. Dates count as times. */
export function hasFullTimes({ shapes }: Pick<CsvSegment, 'shapes'>, columns: readonly ParsedColumn[]): boolean {
  return columns.every(({ format }, index) => {
    const isTime = format.type === 'date' || format.type === 'timestamp';
    const found = shapes[index] ?? [];
    return !isTime || !isCertain(format, found) || found.includes('full_timestamp');
  });
}

/** Whether any reader of CSV gives the same values to all fields of a segment, so that a store may parse it as it is. */
export function isCertainSegment(
  { shapes, irregular }: Pick<CsvSegment, 'shapes' | 'irregular'>,
  { columns, nulls }: ParsedFile,
): boolean {
  // Readers silently drop surplus fields that are empty.
  return (
    !irregular &&
    mayTrustShapes(nulls) &&
    columns.every(({ format, combines }, index) => combines === undefined && isCertain(format, shapes[index] ?? []))
  );
}
