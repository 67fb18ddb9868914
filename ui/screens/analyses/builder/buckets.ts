import type { ColumnType } from '../../../../src/api/columns.ts';
import type { BucketName } from '../../../../src/api/queries.ts';

/** Each of them once, or it does not compile: the page may only import types. */
const ALL: Readonly<Record<BucketName, true>> = {
  second: true,
  '5 seconds': true,
  '10 seconds': true,
  '15 seconds': true,
  '30 seconds': true,
  minute: true,
  '5 minutes': true,
  '10 minutes': true,
  '15 minutes': true,
  '30 minutes': true,
  hour: true,
  '2 hours': true,
  '3 hours': true,
  '4 hours': true,
  '6 hours': true,
  '8 hours': true,
  '12 hours': true,
  day: true,
  week: true,
  month: true,
  quarter: true,
  year: true,
};
const BUCKETS = Object.keys(ALL) as readonly BucketName[];

/** The lengths of time buckets that a column can have. */
export function bucketsFor(type: ColumnType): readonly BucketName[] {
  return type === 'date' ? BUCKETS.slice(BUCKETS.indexOf('day')) : BUCKETS;
}
