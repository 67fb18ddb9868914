import { type ZonePeriod, zonePeriods } from '../../model/zone-periods.ts';
import type { Bucket } from '../query-plan.ts';
import type { Range } from './ranges.ts';

/** A bucket starts up to a year before its first row, and clocks are less than a day ahead or behind. */
const MARGIN_MICROS = 400n * 86_400_000_000n;

/** Local times from `from` on, up to the next step: the moment at which clocks show them first. */
export interface MomentStep {
  /** Null for the first step. */
  readonly from: bigint | null;
  /** What is subtracted from the local time. */
  readonly offsetMicros: bigint;
  /** The moment is not before this: a change of the clocks skips the local time. Null for the first step. */
  readonly notBefore: bigint | null;
}

/** The local times of a column as steps, in ascending order: in between, clocks are the same amount ahead of UTC. */
export interface ZonedTimes {
  readonly offsets: readonly ZonePeriod[];
  readonly moments: readonly MomentStep[];
}

/**
 * Local times by arithmetic over the few changes of the clocks between the least and the greatest time.
 *
 * @returns null if the range is unknown or has more changes than `maxPeriods`
 */
export function zonedTimes(
  timeZone: NonNullable<Bucket['timeZone']>,
  range: Range | undefined,
  maxPeriods: number,
): ZonedTimes | null {
  if (typeof range?.least !== 'bigint' || typeof range.greatest !== 'bigint') return null;
  const periods = zonePeriods(timeZone, range.least - MARGIN_MICROS, range.greatest, maxPeriods);
  return periods && { offsets: periodsFrom(range.least, periods), moments: momentsOf(periods) };
}

/** Without the periods that end before a time. */
function periodsFrom(time: bigint, periods: readonly ZonePeriod[]): readonly ZonePeriod[] {
  const first = periods.findLastIndex(({ from }) => from === null || from <= time);
  return periods.slice(first).map((period, index) => (index === 0 ? { ...period, from: null } : period));
}

/**
 * Clocks show a local time first in the first period that ends later than it, in local time. If that period starts later as
 * well, the change at its start skips the local time.
 */
function momentsOf(periods: readonly ZonePeriod[]): readonly MomentStep[] {
  const steps: MomentStep[] = [];
  let shown: bigint | null = null;
  for (const [index, { from, offsetMicros }] of periods.entries()) {
    const to = periods[index + 1]?.from;
    const until = to == null ? null : to + offsetMicros;
    // A period that shows nothing new is never the first.
    if (until !== null && shown !== null && until <= shown) continue;
    steps.push({ from: shown, offsetMicros, notBefore: from });
    shown = until;
  }
  return steps;
}

/** Whether a bucket is at most an hour: when clocks are set back, two hours have the same local time. */
export function isWithinHour({ count, unit }: Bucket): boolean {
  return unit === 'second' || unit === 'minute' || (unit === 'hour' && count === 1);
}
