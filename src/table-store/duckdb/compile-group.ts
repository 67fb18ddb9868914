import { literal } from '../../engine/sql.ts';
import type { Bucket, GroupKey } from '../query-plan.ts';
import { isTime } from './compile-condition.ts';
import { doubleBucketSql, equalBucketSql, integerBoundSql, integerBucketSql } from './compile-number-bucket.ts';
import type { Physical } from './physical-columns.ts';
import type { Ranges } from './ranges.ts';
import { zonedTimes } from './zoned-times.ts';

const DAY_MICROS = 86_400_000_000;

export function microsSql(time: string): string {
  return `epoch_us(CAST(${time} AS TIMESTAMP))`;
}

/** The expression that rows are grouped by. @param ranges of the columns, if they are known */
export function groupSql({ column, bucket }: GroupKey, physical: Physical, ranges: Ranges): string {
  const name = physical(column);
  if (!bucket) return name;
  if ('width' in bucket) {
    return column.type === 'integer' ? integerBucketSql(name, bucket) : doubleBucketSql(name, bucket);
  }
  if ('parts' in bucket) {
    return equalBucketSql(name, column.type === 'integer' ? 'integer' : 'number', bucket, ranges.get(column.name));
  }
  const { timeZone } = bucket;
  if (timeZone === null) return truncatedSql(bucket, name);
  const zoned = zonedTimes(timeZone, ranges.get(column.name));
  // By way of microseconds, since a cast of TIMESTAMP to TIMESTAMPTZ consults the calendar for every row.
  const wall = zoned ? zoned.wall(name) : `timezone(${literal(timeZone)}, make_timestamptz(epoch_us(${name})))`;
  // Within an hour, the remainder is subtracted from the UTC time: when clocks are set back, two hours have the same local time.
  return isWithinHour(bucket) ? `${name} - (${wall} - ${truncatedSql(bucket, wall)})` : truncatedSql(bucket, wall);
}

/** The start of a group's bucket: a time as microseconds, a number as its lower or upper bound. Other groups are unchanged. */
export function shapedGroupSql({ column, bucket }: GroupKey, value: string, ranges: Ranges): string {
  if (bucket && 'width' in bucket) return column.type === 'integer' ? integerBoundSql(value, bucket) : value;
  if (!isTime(column.type)) return value;
  if (!bucket || !('unit' in bucket) || !bucket.timeZone || isWithinHour(bucket)) return microsSql(value);
  const zoned = zonedTimes(bucket.timeZone, ranges.get(column.name));
  if (!zoned) return momentSql(value, literal(bucket.timeZone));
  return `CASE WHEN ${value} IS NOT NULL THEN ${zoned.moment(value)} END`;
}

/**
 * The first moment with a given local time, as microseconds. If clocks were set back over that time, the calendar returns the
 * last such moment, so the offset of the day before is tried as well.
 */
function momentSql(wall: string, zone: string): string {
  const last = `epoch_us(timezone(${zone}, ${wall}))`;
  const dayBefore = `(${last} - ${DAY_MICROS})`;
  const offsetBefore = `(epoch_us(timezone(${zone}, make_timestamptz(${dayBefore}))) - ${dayBefore})`;
  const first = `(epoch_us(${wall}) - ${offsetBefore})`;
  const isLocalTime = `timezone(${zone}, make_timestamptz(${first})) = ${wall}`;
  return `CASE WHEN ${isLocalTime} THEN least(${first}, ${last}) ELSE ${last} END`;
}

function isWithinHour({ count, unit }: Bucket): boolean {
  return unit === 'second' || unit === 'minute' || (unit === 'hour' && count === 1);
}

function truncatedSql({ count, unit }: Bucket, time: string): string {
  // Buckets start at a midnight: every count divides the next larger unit.
  return count === 1 ? `date_trunc('${unit}', ${time})` : `time_bucket(INTERVAL ${Number(count)} ${unit}, ${time})`;
}
