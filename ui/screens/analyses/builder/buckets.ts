import type { ColumnType } from '../../../../src/api/columns.ts';
import type { BucketName } from '../../../../src/api/queries.ts';

const BUCKETS: readonly BucketName[] = [
  'second',
  '5 seconds',
  '10 seconds',
  '15 seconds',
  '30 seconds',
  'minute',
  '5 minutes',
  '10 minutes',
  '15 minutes',
  '30 minutes',
  'hour',
  '2 hours',
  '3 hours',
  '4 hours',
  '6 hours',
  '8 hours',
  '12 hours',
  'day',
  'week',
  'month',
  'quarter',
  'year',
];

/** The lengths of time buckets that a column can have. */
export function bucketsFor(type: ColumnType): readonly BucketName[] {
  return type === 'date' ? BUCKETS.slice(BUCKETS.indexOf('day')) : BUCKETS;
}
