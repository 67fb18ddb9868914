/** A period in which the clocks of a time zone are the same amount ahead of UTC. */
export interface ZonePeriod {
  /** Microseconds since 1970-01-01T00:00:00Z; null: the period has no beginning, or none that matters. */
  readonly from: bigint | null;
  readonly offsetMicros: bigint;
}

const MICROS_PER_MILLI = 1000n;
/** The range of Temporal.Instant ends in the year 275760. */
const MAX_MILLIS = 8.64e15;

/**
 * The periods of a zone between two times, in order.
 *
 * @param from, to microseconds since 1970-01-01T00:00:00Z
 * @returns null if there are more than `max`, or if the times are outside the calendar
 */
export function zonePeriods(timeZone: string, from: bigint, to: bigint, max: number): readonly ZonePeriod[] | null {
  const [first, last] = [from, to].map((micros) => Number(micros / MICROS_PER_MILLI)) as [number, number];
  if (Math.max(Math.abs(first), Math.abs(last)) >= MAX_MILLIS - 1) return null;
  const start = Temporal.Instant.fromEpochMilliseconds(first - 1).toZonedDateTimeISO(timeZone);
  const periods: ZonePeriod[] = [{ from: null, offsetMicros: offsetOf(start) }];
  for (let at = start.getTimeZoneTransition('next'); at; at = at.getTimeZoneTransition('next')) {
    if (at.epochMilliseconds > last) break;
    if (periods.length === max) return null;
    periods.push({ from: BigInt(at.epochMilliseconds) * MICROS_PER_MILLI, offsetMicros: offsetOf(at) });
  }
  return periods;
}

function offsetOf(zoned: Temporal.ZonedDateTime): bigint {
  return BigInt(zoned.offsetNanoseconds) / MICROS_PER_MILLI;
}
