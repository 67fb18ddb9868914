import { literal } from '../../engine/sql.ts';
import type { Bucket } from '../query-plan.ts';
import type { Range } from '../sql/ranges.ts';
import { isWithinHour } from '../sql/zoned-times.ts';
import { zonedSql } from './zoned-sql.ts';

const DAY_MICROS = 86_400_000_000;

/** The start of the bucket of a time, in the local time of a zone if there is one. @param range of the column, if it is known */
export function timeBucket(name: string, bucket: Bucket, range: Range | undefined): string {
  const { timeZone } = bucket;
  if (timeZone === null) return truncatedSql(bucket, name);
  const zoned = zonedSql(timeZone, range);
  // By way of microseconds, since a cast of TIMESTAMP to TIMESTAMPTZ consults the calendar for every row.
  const wall = zoned ? zoned.wall(name) : `timezone(${literal(timeZone)}, make_timestamptz(epoch_us(${name})))`;
  // Within an hour, the remainder is subtracted from the UTC time: when clocks are set back, two hours have the same local time.
  return isWithinHour(bucket) ? `${name} - (${wall} - ${truncatedSql(bucket, wall)})` : truncatedSql(bucket, wall);
}

/** The start of a bucket, in microseconds. @param value of `timeBucket` */
export function bucketStart(value: string, bucket: Bucket, range: Range | undefined): string {
  if (!bucket.timeZone || isWithinHour(bucket)) return `epoch_us(CAST(${value} AS TIMESTAMP))`;
  const zoned = zonedSql(bucket.timeZone, range);
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

function truncatedSql({ count, unit }: Bucket, time: string): string {
  // Buckets start at a midnight: every count divides the next larger unit.
  return count === 1 ? `date_trunc('${unit}', ${time})` : `time_bucket(INTERVAL ${Number(count)} ${unit}, ${time})`;
}
