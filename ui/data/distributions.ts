import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Column } from '../../src/api/columns.ts';
import type { Query } from '../../src/api/queries.ts';
import type { TableState } from '../../src/api/tables.ts';
import type { JsonValue } from '../../src/api/values.ts';
import { client } from './client.ts';
import { type ColumnRange, inTurn, MANY_ROWS } from './column-ranges.ts';
import { textStart } from './text-start.ts';

const BARS = 24;
const MOST_FREQUENT = 12;
/** A sample is so many rows at each of many places, evenly spread over the table: neighbours are often alike. */
const SAMPLE_PAGES = 60;
const SAMPLE_ROWS = 100;
/** Texts that begin alike count as the same. */
const MOST_CHARACTERS = 200;

/** A bar of the picture of a column: its share of the range, and how many rows it has. */
export interface Bar {
  readonly at: number;
  readonly rows: number;
}

/** How the values of a column are distributed. */
export interface Distribution {
  readonly kind: 'range' | 'most frequent';
  /** For how many bars there is room. */
  readonly slots: number;
  readonly bars: readonly Bar[];
  /** Whether it is of a sample of the rows. */
  readonly sampled: boolean;
}

/** The distribution of a column: of all rows, or of a sample of many. */
export function useDistribution(
  customerId: string,
  column: Column,
  index: number,
  range: ColumnRange | undefined,
  table: TableState,
): Distribution | undefined {
  const plan = range && planFor(column, range);
  const isLarge = table.rows > MANY_ROWS;
  const all = useQuery({
    queryKey: ['distribution', customerId, column.name, table.version, range],
    enabled: Boolean(plan) && !isLarge,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<Distribution | null> => {
      if (!plan) return null;
      const { result } = await inTurn(() => client.query(customerId, plan.query, { signal }));
      const found = result.rows.filter(([value]) => plan.place(value ?? null) !== null);
      const bars = found.map((row, at) => ({
        at: plan.kind === 'range' ? (plan.place(row[0] ?? null) ?? 0) : at / found.length,
        rows: Number(row.at(-1)),
      }));
      return { kind: plan.kind, slots: plan.slots || found.length, bars, sampled: false };
    },
  });
  const sample = useQuery({
    queryKey: ['row sample', customerId, table.version, table.rows],
    enabled: isLarge,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const rows: (readonly JsonValue[])[] = [];
      for (let page = 0; page < SAMPLE_PAGES; page++) {
        const offset = Math.floor((table.rows * page) / SAMPLE_PAGES);
        const answer = await inTurn(() => client.rowsPage(customerId, { offset, limit: SAMPLE_ROWS, signal }));
        rows.push(...answer.rows.map((row) => row.map(start)));
      }
      return rows;
    },
  });
  if (!isLarge) return (!all.failureReason && all.data) || undefined;
  if (!plan || !sample.data || sample.failureReason) return undefined;
  return sampled(
    plan,
    sample.data.map((row) => row[index] ?? null),
  );
}

function start(value: JsonValue): JsonValue {
  return typeof value === 'string' ? textStart(value, MOST_CHARACTERS) : value;
}

function sampled({ kind, place }: Plan, values: readonly JsonValue[]): Distribution {
  const counts = new Map<JsonValue, number>();
  for (const value of values) {
    const at = place(value);
    if (at === null) continue;
    const key = kind === 'range' ? Math.min(BARS - 1, Math.floor(at * BARS)) : value;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  if (kind === 'range') {
    const bars = [...counts].map(([bar, rows]) => ({ at: Number(bar) / BARS, rows }));
    return { kind, slots: BARS, bars, sampled: true };
  }
  const frequent = [...counts.values()].sort((a, b) => b - a).slice(0, MOST_FREQUENT);
  const bars = frequent.map((rows, bar) => ({ at: bar / frequent.length, rows }));
  return { kind, slots: bars.length, bars, sampled: true };
}

interface Plan {
  readonly kind: Distribution['kind'];
  /** 0: as many as there are values. */
  readonly slots: number;
  readonly query: Query;
  /** The place of a bucket in the range, 0 to 1; null: it is not shown. */
  readonly place: (value: JsonValue) => number | null;
}

const TIME_BUCKETS = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
  ['week', 604_800],
  ['month', 2_629_746],
  ['quarter', 7_889_238],
  ['year', 31_556_952],
] as const;
const MOST_TIME_BUCKETS = 90;

function planFor({ name, type }: Column, { min, max }: ColumnRange): Plan | null {
  const measures = [{ fn: 'count', as: 'rows of a bucket' }] as const;
  if (type === 'unknown') return null;
  if (type !== 'text' && type !== 'boolean' && (min === null || max === null)) return null;
  if (type === 'integer' || type === 'number') {
    const least = Number(min);
    const width = Number(max) - least;
    if (!(width > 0) || !Number.isFinite(width)) return null;
    const place = (value: JsonValue) => placeIn(Number(value ?? Number.NaN), least, width);
    return {
      kind: 'range',
      slots: BARS,
      query: { measures: [...measures], group_by: [{ column: name, buckets: BARS }] },
      place,
    };
  }
  if (type === 'date' || type === 'timestamp') {
    const least = Date.parse(String(min));
    const width = Date.parse(String(max)) - least;
    const fitting = TIME_BUCKETS.filter(([bucket]) => type === 'timestamp' || !/second|minute|hour/.test(bucket));
    const [bucket, seconds] = fitting.find((each) => width / 1000 / each[1] <= MOST_TIME_BUCKETS) ?? [
      'year',
      31_556_952,
    ];
    if (!(width > 0)) return null;
    const place = (value: JsonValue) =>
      value === null ? null : placeIn(Math.max(least, Date.parse(String(value))), least, width);
    const slots = Math.max(8, Math.ceil(width / 1000 / seconds));
    return { kind: 'range', slots, query: { measures: [...measures], group_by: [{ column: name, bucket }] }, place };
  }
  return {
    kind: 'most frequent',
    slots: 0,
    query: {
      measures: [...measures],
      group_by: [name],
      order_by: [{ column: 'rows of a bucket', direction: 'desc' }],
      limit: MOST_FREQUENT,
    },
    place: (value) => (value === null ? null : 0),
  };
}

function placeIn(value: number, least: number, width: number): number | null {
  const place = (value - least) / width;
  return place >= 0 && place <= 1 ? place : null;
}
