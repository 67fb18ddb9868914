import type { Micros, TableState } from '../catalog/table-state.ts';
import { formatDuration, secondsOf } from '../model/timestamps.ts';
import type { AnalyzeTypeName } from './analyze-types.ts';
import { timeValue } from './json-values.ts';
import { timeColumnOf } from './time-column.ts';

/** A length of time; null if no row has a time. */
interface Span {
  /** Up to six decimals. */
  readonly seconds: number | null;
  /** ISO 8601, such as `P214DT23H30M`. */
  readonly duration: string | null;
}

/** Times are rendered by the type of the time column; null if no row has a time. */
export interface TimeDifference extends Span {
  readonly timeColumn: string;
  readonly firstRowAt: string | null;
  readonly latestRowAt: string | null;
}

export interface TotalRows {
  readonly totalRows: number;
}

/** Times as in {@link TimeDifference}. */
export interface TimeSpan extends Span {
  readonly timeColumn: string;
  readonly earliestAt: string | null;
  readonly latestAt: string | null;
}

/**
 * The analyses whose results follow from aggregates that the catalog updates with every commit: O(1) for tables of any size.
 * Each throws Problem no_time_column if it needs a time column that the table does not have.
 */
export const PRECOMPUTED_AGGREGATES = {
  time_difference(table: TableState): TimeDifference {
    const { name, type } = timeColumnOf(table);
    return {
      timeColumn: name,
      firstRowAt: timeValue(table.firstRowAt, type),
      latestRowAt: timeValue(table.latestAt, type),
      ...span(table.firstRowAt, table.latestAt),
    };
  },
  total_rows: (table: TableState): TotalRows => ({ totalRows: table.rows }),
  time_span(table: TableState): TimeSpan {
    const { name, type } = timeColumnOf(table);
    return {
      timeColumn: name,
      earliestAt: timeValue(table.earliestAt, type),
      latestAt: timeValue(table.latestAt, type),
      ...span(table.earliestAt, table.latestAt),
    };
  },
} as const satisfies Partial<Record<AnalyzeTypeName, (table: TableState) => unknown>>;

type AggregateName = keyof typeof PRECOMPUTED_AGGREGATES;
type Aggregate = ReturnType<(typeof PRECOMPUTED_AGGREGATES)[AggregateName]>;

/** Results by the state of the table that they follow from. */
const rendered = new WeakMap<TableState, Map<AggregateName, Aggregate>>();

/** @throws Problem no_time_column */
export function precomputedAggregate(name: AggregateName, table: TableState): Aggregate {
  const results = rendered.get(table) ?? new Map<AggregateName, Aggregate>();
  rendered.set(table, results);
  const result = results.get(name) ?? PRECOMPUTED_AGGREGATES[name](table);
  results.set(name, result);
  return result;
}

function span(from: Micros | null, to: Micros | null): Span {
  if (from === null || to === null) return { seconds: null, duration: null };
  return { seconds: secondsOf(to - from), duration: formatDuration(to - from) };
}
