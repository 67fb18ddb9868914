/** Turns local times of a zone into UTC. */
export interface LocalTimes {
  /**
   * The offset of a local time, in seconds east of UTC; NaN if no clock in the zone ever showed it. Of a time that clocks
   * showed twice, the offset of the earlier moment.
   */
  offsetOf(localSeconds: number): number;
  /** Whether clocks showed the last local time twice. */
  readonly wasAmbiguous: boolean;
}

/** A change of a zone's clocks, in local seconds. */
interface Change {
  /** Where the two clocks part: local times before are those of the clock before the change. */
  readonly from: number;
  /** Local times from here on are those of the clock after it. */
  readonly to: number;
  readonly isGap: boolean;
  readonly offsetAfter: number;
}

interface Year {
  readonly firstOffset: number;
  readonly changes: readonly Change[];
}

/** Years whose changes are kept. A zone's rules go on for ever, and a file may have values of every year. */
const MAX_YEARS = 1024;
const MEAN_YEAR_SECONDS = 31_556_952;

/**
 * Asks the calendar once per year of the values, not once per value.
 *
 * @param timeZone an IANA name
 * @throws RangeError if there is no such zone
 */
export function localTimesOf(timeZone: string): LocalTimes {
  // Also throws for a name that is none, before any value comes.
  const fixed = fixedOffset(timeZone);
  const years = new Map<number, Year>();
  let latest: Year | undefined;
  let latestNumber = Number.NaN;
  const times = {
    wasAmbiguous: false,
    offsetOf(localSeconds: number): number {
      times.wasAmbiguous = false;
      if (fixed !== null) return fixed;
      // A stretch of a mean year's length: which years it cuts apart does not matter.
      const number = Math.floor(localSeconds / MEAN_YEAR_SECONDS);
      if (number !== latestNumber) {
        latest = years.get(number) ?? yearOf(number, timeZone);
        if (years.size >= MAX_YEARS) years.clear();
        years.set(number, latest);
        latestNumber = number;
      }
      const { firstOffset, changes } = latest as Year;
      let offset = firstOffset;
      for (const change of changes) {
        if (localSeconds < change.from) break;
        if (localSeconds < change.to) {
          if (change.isGap) return Number.NaN;
          times.wasAmbiguous = true;
          break;
        }
        offset = change.offsetAfter;
      }
      return offset;
    },
  };
  return times;
}

function fixedOffset(timeZone: string): number | null {
  const now = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
  const isFixed = now.getTimeZoneTransition('next') === null && now.getTimeZoneTransition('previous') === null;
  return isFixed ? now.offsetNanoseconds / 1e9 : null;
}

/** The changes whose local times may lie in a stretch of a year; offsets are shorter than a day. */
function yearOf(number: number, timeZone: string): Year {
  const day = 86_400;
  const startSeconds = number * MEAN_YEAR_SECONDS - 2 * day;
  const endSeconds = (number + 1) * MEAN_YEAR_SECONDS + 2 * day;
  let moment = Temporal.Instant.fromEpochMilliseconds(startSeconds * 1000).toZonedDateTimeISO(timeZone);
  const firstOffset = moment.offsetNanoseconds / 1e9;
  const changes: Change[] = [];
  let offset = firstOffset;
  for (;;) {
    const next = moment.getTimeZoneTransition('next');
    if (next === null) break;
    const seconds = next.epochMilliseconds / 1000;
    if (seconds >= endSeconds) break;
    const after = next.offsetNanoseconds / 1e9;
    const [from, to] = [seconds + Math.min(offset, after), seconds + Math.max(offset, after)];
    changes.push({ from, to, isGap: after > offset, offsetAfter: after });
    offset = after;
    moment = next;
  }
  return { firstOffset, changes };
}
