import type { Column } from '../model/columns.ts';
import type { RequestPart } from './request-part.ts';

/** Equal buckets between the least and the greatest value. */
const MAX_PARTS = 1000;

/** Reads the width of the buckets of a numeric column. @throws Problem column_unsuitable, query_invalid */
export function planWidth(part: RequestPart, column: Column): number {
  requireNumeric(part, column);
  if (column.type === 'integer' && !Number.isInteger(part.value)) {
    throw part.problem(
      'query_invalid',
      `Column '${column.name}' contains integers, so the bucket must be an integer.`,
      {
        nearest: Math.max(1, Math.round(Number(part.value))),
      },
    );
  }
  return part.number(column.type === 'integer' ? 1 : Number.MIN_VALUE, Number.MAX_SAFE_INTEGER);
}

/** Reads the number of buckets of a numeric column. @throws Problem column_unsuitable, query_invalid */
export function planBuckets(part: RequestPart, column: Column): number {
  requireNumeric(part, column);
  return part.integer(1, MAX_PARTS);
}

function requireNumeric(part: RequestPart, { name, type }: Column): void {
  if (type === 'integer' || type === 'number') return;
  const instead = type === 'date' || type === 'timestamp' ? ' The bucket of times is a length, such as "day".' : '';
  throw part.problem(
    'column_unsuitable',
    `Buckets of numbers require a numeric column, and '${name}' has the type ${type}.${instead}`,
  );
}
