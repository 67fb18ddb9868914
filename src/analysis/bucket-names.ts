import type { Bucket, BucketUnit } from '../table-store/query-plan.ts';
import { type RequestPart, shown } from './request-part.ts';

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

/** `minute`, `5 minutes`. */
type NameOf<Unit extends BucketUnit, Count extends number> = Count extends 1 ? Unit : `${Count} ${Unit}s`;

interface NamedBucket<Name extends string = string> {
  readonly name: Name;
  readonly count: number;
  readonly unit: BucketUnit;
  /** In microseconds; the shortest, if the length varies. */
  readonly micros: bigint;
}

const of = <const Unit extends BucketUnit, const Count extends number>(
  unit: Unit,
  micros: bigint,
  ...counts: readonly Count[]
): readonly NamedBucket<NameOf<Unit, Count>>[] =>
  counts.map((count) => ({
    name: (count === 1 ? unit : `${count} ${unit}s`) as NameOf<Unit, Count>,
    count,
    unit,
    micros: micros * BigInt(count),
  }));

/** All buckets, shortest first. A count divides the next larger unit, so that every day starts with a new bucket. */
export const BUCKETS = [
  ...of('second', SECOND, 1, 5, 10, 15, 30),
  ...of('minute', MINUTE, 1, 5, 10, 15, 30),
  ...of('hour', HOUR, 1, 2, 3, 4, 6, 8, 12),
  ...of('day', DAY, 1),
  ...of('week', 7n * DAY, 1),
  ...of('month', 28n * DAY, 1),
  ...of('quarter', 90n * DAY, 1),
  ...of('year', 365n * DAY, 1),
] as const;

export type BucketName = (typeof BUCKETS)[number]['name'];

export const BUCKET_NAMES: readonly BucketName[] = BUCKETS.map(({ name }) => name);

/** Reads the name of a bucket, with or without a leading 1 and a plural s. @throws Problem query_invalid */
export function readBucket(part: RequestPart): NamedBucket {
  const wanted = part
    .text()
    .toLowerCase()
    .replace(/^1 /, '')
    .replace(/^([a-z]+)s$/, '$1');
  const bucket = BUCKETS.find(({ name }) => name === wanted || name === `${wanted}s`);
  if (bucket) return bucket;
  throw part.noSuch('query_invalid', `Unknown bucket ${shown(part.value)}.`, BUCKET_NAMES);
}

/** The shortest bucket, of at least `minMicros`, that splits a span into at most `max` parts. */
export function bucketFor(spanMicros: bigint, max: number, minMicros: bigint = 0n): NamedBucket {
  const fits = BUCKETS.find(({ micros }) => micros >= minMicros && spanMicros / micros + 2n <= BigInt(max));
  return fits ?? (BUCKETS.at(-1) as NamedBucket);
}

/** The shortest bucket of a date column, in microseconds. */
export const MIN_DATE_BUCKET = DAY;

/**
 * Reads the name of a time zone in the IANA database, in any letter case.
 *
 * @returns null for UTC
 * @throws Problem time_zone_unknown
 */
export function readTimeZone(part: RequestPart): Bucket['timeZone'] {
  const wanted = part.text();
  const zone = zoneNamed(wanted);
  if (zone !== null) return isUtc(zone) ? null : zone;
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  throw part.noSuch('time_zone_unknown', `Unknown time zone ${shown(wanted)}.`, zones);
}

/** @returns the name in the letter case of the database, or null if it has no such zone */
function zoneNamed(name: string): string | null {
  if (name.toLowerCase() === 'z') return 'UTC';
  // Offsets such as +01:00 are not zones.
  if (!/^[a-z]/i.test(name)) return null;
  try {
    // Refuses times, such as T10Z, from which Temporal would read a zone.
    new Intl.DateTimeFormat('en', { timeZone: name });
    // Accepts deprecated names as well, which Intl.supportedValuesOf does not list, and keeps them.
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether the zone is an alias of UTC, such as Etc/UCT, Zulu or GMT. */
function isUtc(zone: string): boolean {
  const utc = Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO('UTC');
  return utc.withTimeZone(zone).equals(utc);
}
