import { formatTimestamp } from '../model/timestamps.ts';

const MICROS_PER_MILLI = 1000n;
/** The range of Temporal.Instant ends in the year 275760. */
const MAX_MILLIS = 8.64e15;

/** A period between two transitions of a zone, in which its offset is constant. */
interface Period {
  readonly from: number;
  readonly to: number;
  readonly offsetMicros: bigint;
  readonly offset: string;
}

/** @returns a function that renders a timestamp in a time zone, with its offset: `2024-03-31T00:00:00+01:00` */
export function zonedFormat(timeZone: string): (micros: bigint) => string {
  // The calendar is queried once per period, not for each of a hundred thousand timestamps.
  const periods: Period[] = [];
  let latest: Period | undefined;
  return (micros) => {
    const millis = Number(micros / MICROS_PER_MILLI);
    if (Math.abs(millis) >= MAX_MILLIS) return formatTimestamp(micros);
    const isIn = ({ from, to }: Period): boolean => millis >= from && millis < to;
    if (!latest || !isIn(latest)) {
      latest = periods.find(isIn) ?? periodOf(millis, timeZone);
      if (!periods.includes(latest)) periods.push(latest);
    }
    return `${formatTimestamp(micros + latest.offsetMicros).slice(0, -1)}${latest.offset}`;
  };
}

function periodOf(millis: number, timeZone: string): Period {
  const zoned = Temporal.Instant.fromEpochMilliseconds(millis).toZonedDateTimeISO(timeZone);
  const next = zoned.getTimeZoneTransition('next');
  // Searched backwards from the next one: searching from this instant would skip a transition at this very instant.
  const previous = next
    ? next.subtract({ nanoseconds: 1 }).getTimeZoneTransition('previous')
    : zoned.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  return {
    from: previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    to: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMicros: BigInt(zoned.offsetNanoseconds) / MICROS_PER_MILLI,
    offset: zoned.offset,
  };
}
