import { identifier, literal } from '../../engine/sql.ts';
import type { Bucket, GroupKey } from '../query-plan.ts';
import { isTime } from './compile-condition.ts';

const DAY_MICROS = 86_400_000_000;

export function microsSql(time: string): string {
  return `epoch_us(CAST(${time} AS TIMESTAMP))`;
}

/** What rows are grouped by. */
export function groupSql({ column, bucket }: GroupKey): string {
  const name = identifier(column.name);
  if (!bucket) return name;
  const { timeZone } = bucket;
  if (timeZone === null) return truncatedSql(bucket, name);
  // From microseconds, since a cast of TIMESTAMP to TIMESTAMPTZ asks the calendar for every row.
  const wall = `timezone(${literal(timeZone)}, make_timestamptz(epoch_us(${name})))`;
  // What is cut off within an hour is cut off the moment itself: two hours of one night may look the same on the wall.
  return isWithinHour(bucket) ? `${name} - (${wall} - ${truncatedSql(bucket, wall)})` : truncatedSql(bucket, wall);
}

/** The beginning of a group's bucket, as microseconds; other groups as they are. */
export function shapedGroupSql({ column, bucket }: GroupKey, value: string): string {
  if (!isTime(column.type)) return value;
  if (!bucket?.timeZone || isWithinHour(bucket)) return microsSql(value);
  return momentSql(value, literal(bucket.timeZone));
}

/**
 * The first moment at which a zone's clock shows a time, as microseconds. The calendar gives the last one where the clock is
 * set back over it: so the offset of the day before is tried, too.
 */
function momentSql(wall: string, zone: string): string {
  const last = `epoch_us(timezone(${zone}, ${wall}))`;
  const dayBefore = `(${last} - ${DAY_MICROS})`;
  const offsetBefore = `(epoch_us(timezone(${zone}, make_timestamptz(${dayBefore}))) - ${dayBefore})`;
  const first = `(epoch_us(${wall}) - ${offsetBefore})`;
  const showsIt = `timezone(${zone}, make_timestamptz(${first})) = ${wall}`;
  return `CASE WHEN ${showsIt} THEN least(${first}, ${last}) ELSE ${last} END`;
}

function isWithinHour({ count, unit }: Bucket): boolean {
  return unit === 'second' || unit === 'minute' || (unit === 'hour' && count === 1);
}

function truncatedSql({ count, unit }: Bucket, time: string): string {
  // Counted from a midnight; every count divides the unit above it.
  return count === 1 ? `date_trunc('${unit}', ${time})` : `time_bucket(INTERVAL ${Number(count)} ${unit}, ${time})`;
}
