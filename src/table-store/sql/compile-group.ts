import type { GroupKey } from '../query-plan.ts';
import { isTime } from './compile-condition.ts';
import type { Dialect } from './dialect.ts';
import { boundsOf, doubleBucketSql } from './number-buckets.ts';
import type { Physical } from './physical-columns.ts';
import type { Ranges } from './ranges.ts';

/** The expression that rows are grouped by. @param ranges of the columns, if they are known */
export function groupSql(dialect: Dialect, { column, bucket }: GroupKey, physical: Physical, ranges: Ranges): string {
  const name = physical(column);
  if (!bucket) return dialect.key(name, column.type);
  const range = ranges.get(column.name);
  if ('width' in bucket) {
    return column.type === 'integer'
      ? dialect.integerBucket(name, bucket.width)
      : doubleBucketSql(dialect, name, bucket);
  }
  if ('parts' in bucket) {
    const bounds = range ? boundsOf(range, bucket.parts) : null;
    const type = column.type === 'integer' ? 'integer' : 'number';
    // Without bounds, there are only NaN, infinities and nulls.
    return bounds ? dialect.equalBucket(name, type, bounds, bucket.edge) : name;
  }
  return dialect.timeBucket(name, column.type, bucket, range);
}

/** The start of a group's bucket: a time as microseconds, a number as its lower or upper bound. Other groups are unchanged. */
export function shapedGroupSql(dialect: Dialect, { column, bucket }: GroupKey, value: string, ranges: Ranges): string {
  if (bucket && 'width' in bucket) return column.type === 'integer' ? dialect.integerBound(value, bucket.width) : value;
  if (!isTime(column.type)) return value;
  if (!bucket || !('unit' in bucket)) return dialect.micros(value, column.type);
  return dialect.bucketStart(value, column.type, bucket, ranges.get(column.name));
}
