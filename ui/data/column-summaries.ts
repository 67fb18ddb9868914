import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Column } from '../../src/api/columns.ts';
import type { Query } from '../../src/api/queries.ts';
import type { TableState } from '../../src/api/tables.ts';
import type { JsonValue } from '../../src/api/values.ts';
import { client } from './client.ts';
import { customerKey } from './customers.ts';

/** Columns of a query for the range of all columns. */
const MOST_COLUMNS = 16;
/** Frequent texts of larger tables take too long to be found unasked. */
const MOST_ROWS_FOR_TEXTS = 5_000_000;
const BARS = 24;

export interface ColumnRange {
  readonly nulls: number;
  readonly min: JsonValue;
  readonly max: JsonValue;
}

/** Nulls, least and greatest value of each column, in order. */
export function useColumnRanges(customerId: string, { columns, rows, version }: TableState) {
  return useQuery({
    queryKey: [...customerKey(customerId), 'ranges', version],
    enabled: rows > 0,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<readonly ColumnRange[]> => {
      const ranges: ColumnRange[] = [];
      for (let first = 0; first < columns.length; first += MOST_COLUMNS) {
        const names = columns.slice(first, first + MOST_COLUMNS).map(({ name }) => name);
        const measures = names.flatMap((column, index) =>
          (['count', 'min', 'max'] as const).map((fn) => ({ fn, column, as: `${fn}${index}` })),
        );
        const all = { fn: 'count', as: 'all' } as const;
        const { result } = await client.query(customerId, { measures: [all, ...measures] }, { signal });
        const [rowCount, ...values] = result.rows[0] ?? [];
        names.forEach((_, index) => {
          const [count, min = null, max = null] = values.slice(index * 3);
          ranges.push({ nulls: Number(rowCount) - Number(count), min, max });
        });
      }
      return ranges;
    },
  });
}

/** A bar of the picture of a column: its share of the range, and how many rows it has. */
export interface Bar {
  readonly at: number;
  readonly rows: number;
}

/** How the values of a column are distributed. */
export interface Distribution {
  readonly kind: 'range' | 'most frequent';
  readonly bars: readonly Bar[];
}

export function useDistribution(
  customerId: string,
  column: Column,
  range: ColumnRange | undefined,
  { rows, version }: TableState,
) {
  const plan = range && planFor(column, range, rows);
  return useQuery({
    queryKey: [...customerKey(customerId), 'distribution', column.name, version],
    enabled: Boolean(plan),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<Distribution> => {
      if (!plan) return { kind: 'range', bars: [] };
      const { result } = await client.query(customerId, plan.query, { signal });
      const found = result.rows.filter(([value]) => plan.place(value ?? null) !== null);
      return {
        kind: plan.kind,
        bars: found.map((row, index) => ({
          at: plan.kind === 'range' ? (plan.place(row[0] ?? null) ?? 0) : index / found.length,
          rows: Number(row.at(-1)),
        })),
      };
    },
  });
}

interface Plan {
  readonly kind: Distribution['kind'];
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

function planFor({ name, type }: Column, { min, max }: ColumnRange, rows: number): Plan | null {
  const measures = [{ fn: 'count', as: 'rows of a bucket' }] as const;
  if (min === null || max === null) return null;
  if (type === 'integer' || type === 'number') {
    const least = Number(min);
    const width = Number(max) - least;
    if (!(width > 0) || !Number.isFinite(width)) return null;
    const place = (value: JsonValue) => placeIn(Number(value ?? Number.NaN), least, width);
    return { kind: 'range', query: { measures: [...measures], group_by: [{ column: name, buckets: BARS }] }, place };
  }
  if (type === 'date' || type === 'timestamp') {
    const least = Date.parse(String(min));
    const width = Date.parse(String(max)) - least;
    const fitting = TIME_BUCKETS.filter(([bucket]) => type === 'timestamp' || !/second|minute|hour/.test(bucket));
    const bucket = fitting.find(([, seconds]) => width / 1000 / seconds <= MOST_TIME_BUCKETS)?.[0] ?? 'year';
    if (!(width > 0)) return null;
    const place = (value: JsonValue) =>
      value === null ? null : placeIn(Math.max(least, Date.parse(String(value))), least, width);
    return { kind: 'range', query: { measures: [...measures], group_by: [{ column: name, bucket }] }, place };
  }
  if (type === 'text' && rows > MOST_ROWS_FOR_TEXTS) return null;
  return {
    kind: 'most frequent',
    query: {
      measures: [...measures],
      group_by: [name],
      order_by: [{ column: 'rows of a bucket', direction: 'desc' }],
      limit: BARS / 2,
    },
    place: (value) => (value === null ? null : 0),
  };
}

function placeIn(value: number, least: number, width: number): number | null {
  const place = (value - least) / width;
  return place >= 0 && place <= 1 ? place : null;
}
