import type { Micros, TableState } from '../catalog/catalog.ts';
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
 * The analyses whose answers the catalog keeps up to date with every commit: O(1), whatever the size of the table.
 * Each throws Problem no_time_column where it needs one and the table has none.
 */
export const STANDING_ANSWERS = {
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

type StandingName = keyof typeof STANDING_ANSWERS;
type StandingAnswer = ReturnType<(typeof STANDING_ANSWERS)[StandingName]>;

/** Answers that were given, by the state of the table: the same state gives the same. */
const given = new WeakMap<TableState, Map<StandingName, StandingAnswer>>();

/** @throws Problem no_time_column */
export function standingAnswer(name: StandingName, table: TableState): StandingAnswer {
  const answers = given.get(table) ?? new Map<StandingName, StandingAnswer>();
  given.set(table, answers);
  const answer = answers.get(name) ?? STANDING_ANSWERS[name](table);
  answers.set(name, answer);
  return answer;
}

function span(from: Micros | null, to: Micros | null): Span {
  if (from === null || to === null) return { seconds: null, duration: null };
  return { seconds: secondsOf(to - from), duration: formatDuration(to - from) };
}
