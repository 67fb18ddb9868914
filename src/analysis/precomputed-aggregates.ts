import type { Micros, TableState } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import { formatDate, formatDuration, formatTimestamp, secondsOf } from '../model/timestamps.ts';
import type { AnalyzeTypeName } from './analyze-types.ts';

/** Null where no row has a time. */
type Rendered<T> = T | null;

export interface TimeDifference {
  readonly time_column: string;
  readonly first_row_at: Rendered<string>;
  readonly latest_row_at: Rendered<string>;
  readonly seconds: Rendered<number>;
  readonly duration: Rendered<string>;
}

export interface TotalRows {
  readonly total_rows: number;
}

export interface TimeSpan {
  readonly time_column: string;
  readonly earliest_at: Rendered<string>;
  readonly latest_at: Rendered<string>;
  readonly seconds: Rendered<number>;
  readonly duration: Rendered<string>;
}

/**
 * The analyses whose answers the catalog keeps up to date with every commit: O(1), whatever the size of the table.
 * Each throws Problem no_time_column where it needs one and the table has none.
 */
export const STANDING_ANSWERS = {
  time_difference(table: TableState): TimeDifference {
    const { name, render } = timeColumnOf(table);
    return {
      time_column: name,
      first_row_at: render(table.firstRowAt),
      latest_row_at: render(table.latestAt),
      ...span(table.firstRowAt, table.latestAt),
    };
  },
  total_rows: (table: TableState): TotalRows => ({ total_rows: table.rows }),
  time_span(table: TableState): TimeSpan {
    const { name, render } = timeColumnOf(table);
    return {
      time_column: name,
      earliest_at: render(table.earliestAt),
      latest_at: render(table.latestAt),
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

function timeColumnOf(table: TableState): { name: string; render: (micros: Micros | null) => string | null } {
  const column = table.columns.find(({ name }) => name === table.timeColumn);
  if (!column) {
    const columns = table.columns.map(({ name, type }) => ({ name, type }));
    const told = columns.map(({ name, type }) => `${name} (${type})`).join(', ');
    throw new Problem('no_time_column', `The table has no column of times. Its columns are: ${told}.`, { columns });
  }
  const format = column.type === 'date' ? formatDate : formatTimestamp;
  return { name: column.name, render: (micros) => (micros === null ? null : format(micros)) };
}

function span(from: Micros | null, to: Micros | null): { seconds: number | null; duration: string | null } {
  if (from === null || to === null) return { seconds: null, duration: null };
  return { seconds: secondsOf(to - from), duration: formatDuration(to - from) };
}
