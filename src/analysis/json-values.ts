import type { Micros } from '../catalog/table-state.ts';
import type { ColumnType } from '../model/columns.ts';
import { formatDate, formatTimestamp } from '../model/timestamps.ts';
import { outputsOf, type QueryPlan } from '../table-store/query-plan.ts';
import type { StoredValue } from '../table-store/table-store.ts';
import { zonedFormat } from './zoned-format.ts';

/** A value in its JSON form, as docs/analyses.md describes it. */
export type JsonValue = number | string | boolean | null;

/** A result with columns and rows, in their JSON form. */
export interface TableResult {
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly rows: readonly (readonly JsonValue[])[];
  /** The columns that were computed from a sample, and their errors. No member: there are none. */
  readonly approximate?: readonly { readonly column: string; readonly error: number }[];
}

/**
 * Integers are JSON numbers if every JSON parser reads them exactly, and strings of digits beyond that; NaN and infinities
 * are strings; dates are `YYYY-MM-DD`; timestamps are ISO 8601, in UTC unless the request names a time zone.
 */
export function jsonValue(value: StoredValue, type: ColumnType, formatTime = formatTimestamp): JsonValue {
  if (value === null) return null;
  if (typeof value === 'bigint') {
    if (type === 'date') return formatDate(value);
    if (type === 'timestamp') return formatTime(value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** A time of a table's time column: `YYYY-MM-DD` if that is a column of dates. */
export function timeValue(micros: Micros | null, type: ColumnType): string | null {
  if (micros === null) return null;
  return type === 'date' ? formatDate(micros) : formatTimestamp(micros);
}

export function tableResult(
  plan: QueryPlan,
  rows: readonly (readonly StoredValue[])[],
  errors: readonly (number | null)[] = [],
): TableResult {
  const columns = outputsOf(plan);
  const formats = columns.map((_, index) => {
    const bucket = plan.groupBy[index]?.bucket;
    const timeZone = bucket && 'unit' in bucket ? bucket.timeZone : null;
    return timeZone === null ? formatTimestamp : zonedFormat(timeZone);
  });
  const approximate = plan.measures.flatMap(({ as }, index) => {
    const error = errors[index] ?? null;
    return error === null ? [] : [{ column: as, error }];
  });
  return {
    columns,
    rows: rows.map((row) =>
      row.map((value, index) => jsonValue(value, columns[index]?.type ?? 'text', formats[index])),
    ),
    ...(approximate.length > 0 && { approximate }),
  };
}
