import type { LogicalType } from '../table/columns.ts';
import { formatDate, formatTimestamp } from '../table/timestamps.ts';
import { outputsOf, type QueryPlan } from '../table-store/query-plan.ts';
import type { StoredValue } from '../table-store/table-store.ts';

/** The one JSON form of every value, which docs/analyses.md tells. */
export type JsonValue = number | string | boolean | null;

/** A result with columns and rows, as JSON gives it. */
export interface TableResult {
  readonly columns: readonly { readonly name: string; readonly type: LogicalType }[];
  readonly rows: readonly (readonly JsonValue[])[];
}

/**
 * Whole numbers are JSON numbers as far as every reader keeps them exactly, else texts of digits; NaN and infinities are
 * texts; days are `YYYY-MM-DD`; times are ISO 8601, in UTC unless a time zone was asked for.
 */
export function jsonValue(value: StoredValue, type: LogicalType, timeZone: string | null = null): JsonValue {
  if (value === null) return null;
  if (typeof value === 'bigint') {
    if (type === 'date') return formatDate(value);
    if (type === 'timestamp') return timeZone === null ? formatTimestamp(value) : formatZoned(value, timeZone);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

export function tableResult(plan: QueryPlan, rows: readonly (readonly StoredValue[])[]): TableResult {
  const columns = outputsOf(plan);
  const zones = columns.map((_, index) => plan.groupBy[index]?.bucket?.timeZone ?? null);
  return {
    columns,
    rows: rows.map((row) =>
      row.map((value, index) => jsonValue(value, columns[index]?.type ?? 'text', zones[index] ?? null)),
    ),
  };
}

const MICROS_PER_MILLI = 1000n;

/** A moment as the clock of a zone shows it, with its offset: `2024-03-31T00:00:00+01:00`. */
function formatZoned(micros: bigint, timeZone: string): string {
  const millis = Number(micros / MICROS_PER_MILLI);
  // Past the year 275760 there is no Instant.
  if (Math.abs(millis) > 8.64e15) return formatTimestamp(micros);
  const zoned = Temporal.Instant.fromEpochMilliseconds(millis).toZonedDateTimeISO(timeZone);
  const local = formatTimestamp(micros + BigInt(zoned.offsetNanoseconds) / MICROS_PER_MILLI);
  return `${local.slice(0, -1)}${zoned.offset}`;
}
