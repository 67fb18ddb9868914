import type { Micros } from '../catalog/catalog.ts';
import type { LogicalType } from '../model/columns.ts';
import { formatDate, formatTimestamp } from '../model/timestamps.ts';
import { outputsOf, type QueryPlan } from '../table-store/query-plan.ts';
import type { StoredValue } from '../table-store/table-store.ts';
import { zonedFormat } from './zoned-format.ts';

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
export function jsonValue(value: StoredValue, type: LogicalType, formatTime = formatTimestamp): JsonValue {
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
export function timeValue(micros: Micros | null, type: LogicalType): string | null {
  if (micros === null) return null;
  return type === 'date' ? formatDate(micros) : formatTimestamp(micros);
}

export function tableResult(plan: QueryPlan, rows: readonly (readonly StoredValue[])[]): TableResult {
  const columns = outputsOf(plan);
  const formats = columns.map((_, index) => {
    const timeZone = plan.groupBy[index]?.bucket?.timeZone ?? null;
    return timeZone === null ? formatTimestamp : zonedFormat(timeZone);
  });
  return {
    columns,
    rows: rows.map((row) =>
      row.map((value, index) => jsonValue(value, columns[index]?.type ?? 'text', formats[index])),
    ),
  };
}
