import type { Bucket, BucketUnit } from '../table-store/query-plan.ts';
import { type RequestPart, shown } from './request-part.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

interface NamedBucket {
  readonly name: string;
  readonly count: number;
  readonly unit: BucketUnit;
  /** Shortest length in microseconds. */
  readonly micros: bigint;
}

const of = (unit: BucketUnit, micros: bigint, ...counts: readonly number[]): NamedBucket[] =>
  counts.map((count) => ({
    name: count === 1 ? unit : `${count} ${unit}s`,
    count,
    unit,
    micros: micros * BigInt(count),
  }));

/** Every bucket there is, shortest first. A count divides the unit above it, so that each day begins with a bucket. */
export const BUCKETS: readonly NamedBucket[] = [
  ...of('second', SECOND, 1, 5, 10, 15, 30),
  ...of('minute', MINUTE, 1, 5, 10, 15, 30),
  ...of('hour', HOUR, 1, 2, 3, 4, 6, 8, 12),
  ...of('day', DAY, 1),
  ...of('week', 7n * DAY, 1),
  ...of('month', 28n * DAY, 1),
  ...of('quarter', 90n * DAY, 1),
  ...of('year', 365n * DAY, 1),
];

export const BUCKET_NAMES: readonly string[] = BUCKETS.map(({ name }) => name);

/** Reads a bucket's name, with or without its 1 and its plural s. @throws Problem query_invalid */
export function readBucket(part: RequestPart): NamedBucket {
  const wanted = part
    .text()
    .toLowerCase()
    .replace(/^1 /, '')
    .replace(/^([a-z]+)s$/, '$1');
  const bucket = BUCKETS.find(({ name }) => name === wanted || name === `${wanted}s`);
  if (bucket) return bucket;
  throw part.noSuch('query_invalid', `There is no bucket ${shown(part.value)}.`, BUCKET_NAMES);
}

/** The shortest bucket that cuts a span into no more than so many pieces. */
export function bucketFor(spanMicros: bigint, most: number, least: bigint = 0n): NamedBucket {
  const fits = BUCKETS.find(({ micros }) => micros >= least && spanMicros / micros + 2n <= BigInt(most));
  return fits ?? (BUCKETS.at(-1) as NamedBucket);
}

/** Buckets shorter than this mean nothing for a column of days. */
export const SHORTEST_OF_DATES = DAY;

/**
 * Reads the name of a time zone of the IANA database, in any letter case.
 *
 * @returns null for UTC
 * @throws Problem time_zone_unknown
 */
export function readTimeZone(part: RequestPart): Bucket['timeZone'] {
  const wanted = part.text();
  const zone = zoneNamed(wanted);
  if (zone !== null) return isUtc(zone) ? null : zone;
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  throw part.noSuch('time_zone_unknown', `There is no time zone ${shown(wanted)}.`, zones);
}

/** @returns the name in the database's letter case, or null where it has no such zone */
function zoneNamed(name: string): string | null {
  if (name.toLowerCase() === 'z') return 'UTC';
  // An offset, such as +01:00, is no zone.
  if (!/^[a-z]/i.test(name)) return null;
  try {
    // Refuses the times that Temporal would take a zone from, such as T10Z.
    new Intl.DateTimeFormat('en', { timeZone: name });
    // Names that were replaced are known here, and not in the list of all zones; each is told as it was asked for.
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether it is one of the names of UTC, such as Etc/UCT, Zulu and GMT. */
function isUtc(zone: string): boolean {
  const utc = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO('UTC');
  return utc.withTimeZone(zone).equals(utc);
}
