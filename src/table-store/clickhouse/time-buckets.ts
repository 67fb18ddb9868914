import type { ColumnType } from '../../model/columns.ts';
import type { Bucket, BucketUnit } from '../query-plan.ts';
import type { Range } from '../sql/ranges.ts';
import { isWithinHour, zonedTimes } from '../sql/zoned-times.ts';
import { DAY_MICROS, dayOf, inCalendar, startOfSpan } from './calendar.ts';

/** Two changes of the clocks a year, in all years that have four digits. */
const MAX_PERIODS = 20_000;
/** Up to this many steps, comparing with each bound takes less time than a search: for 40, half of it. */
const FEW_STEPS = 64;
const LEAST_MICROS = -(2n ** 63n);
/** 1970-01-01 was a Thursday. */
const DAYS_AFTER_MONDAY = 3;

const SPANS: Readonly<Partial<Record<BucketUnit, number>>> = {
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: DAY_MICROS,
};
const STARTS: Readonly<Partial<Record<BucketUnit, string>>> = {
  month: 'toStartOfMonth',
  quarter: 'toStartOfQuarter',
  year: 'toStartOfYear',
};

/** A time as microseconds. */
export function microsSql(time: string, type: ColumnType): string {
  return type === 'date' ? `(toInt64(${time}) * ${DAY_MICROS})` : time;
}

/** The start of the bucket of a time, in the local time of a zone if there is one: in microseconds. */
export function timeBucket(time: string, type: ColumnType, bucket: Bucket, range: Range | undefined): string {
  const micros = microsSql(time, type);
  if (bucket.timeZone === null) return truncatedSql(bucket, micros);
  const zoned = zonedTimes(bucket.timeZone, range, MAX_PERIODS);
  // Without a range there are no times.
  if (!zoned) return micros;
  const steps = zoned.offsets.map(({ from, offsetMicros }) => ({ from, value: offsetMicros }));
  const wall = `(${micros} + ${constantSteps(micros, steps)})`;
  // Within an hour, the remainder is subtracted from the UTC time: when clocks are set back, two hours have the same local time.
  return isWithinHour(bucket) ? `(${micros} - (${wall} - ${truncatedSql(bucket, wall)}))` : truncatedSql(bucket, wall);
}

/** The first moment of a bucket, in microseconds. @param value of `timeBucket` */
export function bucketStart(value: string, bucket: Bucket, range: Range | undefined): string {
  const zoned =
    bucket.timeZone === null || isWithinHour(bucket) ? null : zonedTimes(bucket.timeZone, range, MAX_PERIODS);
  if (!zoned) return value;
  const { moments } = zoned;
  const moment = `${value} - ${constantSteps(
    value,
    moments.map(({ from, offsetMicros }) => ({ from, value: offsetMicros })),
  )}`;
  const notBefore = constantSteps(
    value,
    moments.map(({ from, notBefore: least }) => ({ from, value: least ?? LEAST_MICROS })),
  );
  // `greatest` ignores nulls.
  return `if(${value} IS NULL, NULL, greatest(${moment}, ${notBefore}))`;
}

interface ConstantStep {
  /** Null for the first step. */
  readonly from: bigint | null;
  readonly value: bigint;
}

/** A function that is constant between bounds. @param steps in ascending order of their bounds */
function constantSteps(operand: string, steps: readonly ConstantStep[]): string {
  const [only] = steps;
  if (only && steps.length === 1) return int64(only.value);
  if (steps.length <= FEW_STEPS) {
    const cases = steps
      .slice(1)
      .map(({ from }, index) => `${operand} < ${int64(from ?? LEAST_MICROS)}, ${int64(steps[index]?.value ?? 0n)}`);
    return `multiIf(${cases.join(', ')}, ${int64(steps.at(-1)?.value ?? 0n)})`;
  }
  const bounds = int64s(steps.map(({ from }) => from ?? LEAST_MICROS));
  return `transform(roundDown(${operand}, ${bounds}), ${bounds}, ${int64s(steps.map(({ value }) => value))}, ${int64(0n)})`;
}

/** As text, since the least integer is no literal. */
function int64(value: bigint): string {
  return `toInt64('${value}')`;
}

export function int64s(values: readonly bigint[]): string {
  return `CAST('[${values.join(',')}]', 'Array(Int64)')`;
}

function truncatedSql({ count, unit }: Bucket, micros: string): string {
  const span = SPANS[unit];
  // Buckets start at a midnight: every count divides the next larger unit.
  if (span !== undefined) return startOfSpan(micros, span * Number(count));
  const day = dayOf(micros);
  if (unit === 'week') return `((${day} - positiveModulo(${day} + ${DAYS_AFTER_MONDAY}, 7)) * ${DAY_MICROS})`;
  const inside = inCalendar(day);
  return `((toInt64(${STARTS[unit]}(toDate32(${inside}))) + ${day} - ${inside}) * ${DAY_MICROS})`;
}
