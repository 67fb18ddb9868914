import { formatTimestamp } from '../model/timestamps.ts';

const MICROS_PER_MILLI = 1000n;
/** Past the year 275760 there is no Instant. */
const MOST_MILLIS = 8.64e15;

/** A stretch of time in which a zone's clock is not changed. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly offsetMicros: bigint;
  readonly offset: string;
}

/** @returns what renders a moment as the clock of a zone shows it, with its offset: `2024-03-31T00:00:00+01:00` */
export function zonedFormat(timeZone: string): (micros: bigint) => string {
  // The calendar is asked once for each stretch, not for each of a hundred thousand times.
  const stretches: Stretch[] = [];
  let latest: Stretch | undefined;
  return (micros) => {
    const millis = Number(micros / MICROS_PER_MILLI);
    if (Math.abs(millis) >= MOST_MILLIS) return formatTimestamp(micros);
    const isIn = ({ from, to }: Stretch): boolean => millis >= from && millis < to;
    if (!latest || !isIn(latest)) {
      latest = stretches.find(isIn) ?? stretchOf(millis, timeZone);
      if (!stretches.includes(latest)) stretches.push(latest);
    }
    return `${formatTimestamp(micros + latest.offsetMicros).slice(0, -1)}${latest.offset}`;
  };
}

function stretchOf(millis: number, timeZone: string): Stretch {
  const zoned = Temporal.Instant.fromEpochMilliseconds(millis).toZonedDateTimeISO(timeZone);
  const next = zoned.getTimeZoneTransition('next');
  // The one before the next, since that before this moment is not the one at this moment.
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
