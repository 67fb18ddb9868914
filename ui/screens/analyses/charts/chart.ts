import type { Column } from '../../../../src/api/columns.ts';
import type { JsonValue } from '../../../../src/api/values.ts';
import type { TimeDetail } from '../../../parts/format-value.ts';
import type { QueryColumn } from '../query-columns.ts';

/** Numbers over a line of times or numbers. */
export interface LineChart {
  readonly kind: 'time' | 'numbers';
  readonly title: string;
  /** Seconds since 1970, or lower bounds, ascending. */
  readonly at: readonly number[];
  /** The values that they are of, as in the result. */
  readonly values: readonly JsonValue[];
  /** Width of the last bucket; 0: the values are no buckets. */
  readonly width: number;
  readonly detail: TimeDetail;
  readonly zone: string;
  readonly xTitle: string;
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** Of other series, which are in the table only. */
  readonly hiddenSeries: number;
}

/** A number for each of some names. */
export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  readonly bars: readonly { readonly name: JsonValue; readonly value: number | null }[];
  readonly hiddenBars: number;
}

export type Chart = LineChart | BarChart;

export const MOST_SERIES = 6;
const MOST_BARS = 30;
const MOST_CHARTS = 3;

type Rows = readonly (readonly JsonValue[])[];

/** The charts that show a result: one for each measure. None, if it is a single row or has groups that no chart can show. */
export function chartsOf(columns: readonly QueryColumn[], rows: Rows): readonly Chart[] {
  const groups = columns.map((column, index) => ({ column, index })).filter(({ column }) => column.group);
  const measures = columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => !column.group && (column.type === 'integer' || column.type === 'number'))
    .slice(0, MOST_CHARTS);
  const starts = groups.filter(({ column }) => column.edge !== 'upper');
  const line = starts.find(({ column }) => isLine(column));
  const others = starts.filter((each) => each !== line);
  if (rows.length === 0 || starts.length === 0 || others.length > 1) return [];
  if (line) {
    const end = groups.find(({ column, index }) => column.edge === 'upper' && index === line.index + 1)?.index;
    return measures.flatMap(({ column, index }) => {
      const chart = lineChart(rows, line, others[0]?.index, end, column, index);
      return chart.at.length > 1 ? [chart] : [];
    });
  }
  const [name] = starts;
  if (starts.length > 1 || !name) return [];
  return measures.map(({ column, index }) => ({
    kind: 'bars',
    title: column.name,
    bars: rows.slice(0, MOST_BARS).map((row) => ({ name: row[name.index] ?? null, value: numberIn(row[index]) })),
    hiddenBars: Math.max(0, rows.length - MOST_BARS),
  }));
}

function isLine({ type, group }: QueryColumn): boolean {
  return type === 'timestamp' || type === 'date' || group?.bucket !== undefined || group?.buckets !== undefined;
}

function lineChart(
  rows: Rows,
  line: { readonly column: QueryColumn; readonly index: number },
  seriesIndex: number | undefined,
  endIndex: number | undefined,
  measure: Column,
  measureIndex: number,
): LineChart {
  const { group, type, name } = line.column;
  const isTime = type === 'timestamp' || type === 'date';
  const place = (value: JsonValue): number | null =>
    value === null ? null : isTime ? Date.parse(String(value)) / 1000 : numberIn(value);
  const values = new Map<number, JsonValue>();
  const totals = new Map<string, number>();
  for (const row of rows) {
    const at = place(row[line.index] ?? null);
    if (at === null || Number.isNaN(at)) continue;
    values.set(at, row[line.index] ?? null);
    const series = seriesName(row, seriesIndex);
    totals.set(series, (totals.get(series) ?? 0) + Math.abs(numberIn(row[measureIndex]) ?? 0));
  }
  const at = [...values.keys()].sort((a, b) => a - b);
  const places = new Map(at.map((each, index) => [each, index]));
  const largest = [...totals].sort(([, a], [, b]) => b - a).slice(0, MOST_SERIES);
  const series = largest.map(([each]) => ({ name: each, values: Array<number | null>(at.length).fill(null) }));
  const byName = new Map(series.map((each) => [each.name, each.values]));
  for (const row of rows) {
    const index = places.get(place(row[line.index] ?? null) ?? Number.NaN);
    const target = byName.get(seriesName(row, seriesIndex));
    if (index !== undefined && target) target[index] = numberIn(row[measureIndex]);
  }
  const lastRow = rows.at(-1);
  const isBucket = group?.bucket !== undefined || group?.buckets !== undefined;
  return {
    kind: isTime ? 'time' : 'numbers',
    title: measure.name,
    at,
    values: at.map((each) => values.get(each) ?? null),
    width: isBucket ? bucketWidth(at, group?.bucket, endIndex === undefined ? null : numberIn(lastRow?.[endIndex])) : 0,
    detail: detailOf(group?.bucket),
    zone: group?.time_zone ?? 'UTC',
    xTitle: name,
    series: seriesIndex === undefined ? series.map((each) => ({ ...each, name: measure.name })) : series,
    hiddenSeries: totals.size - largest.length,
  };
}

function seriesName(row: readonly JsonValue[], index: number | undefined): string {
  if (index === undefined) return '';
  const value = row[index] ?? null;
  return value === null ? '(null)' : value === '' ? '(empty text)' : String(value);
}

const DAY = 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: DAY,
  week: 7 * DAY,
  month: 31 * DAY,
  quarter: 92 * DAY,
  year: 366 * DAY,
};

/** The least distance of two, but not more than a bucket: there may be gaps. */
function bucketWidth(at: readonly number[], bucket: string | number | undefined, end: number | null): number {
  if (typeof bucket === 'number') return bucket;
  const last = at.at(-1) ?? 0;
  if (end !== null && end > last) return end - last;
  const gaps = at.slice(1).map((each, index) => each - (at[index] ?? 0));
  const [, times = 1, unit = ''] = /^(?:(\d+) )?(\w+?)s?$/.exec(bucket ?? '') ?? [];
  return Math.min(...gaps, Number(times) * (UNIT_SECONDS[unit] ?? Number.POSITIVE_INFINITY));
}

export function detailOf(bucket: string | number | undefined): TimeDetail {
  if (typeof bucket !== 'string' || /second/.test(bucket)) return 'full';
  if (/minute|hour/.test(bucket)) return 'minute';
  return bucket === 'year' ? 'year' : bucket === 'day' || bucket === 'week' ? 'day' : 'month';
}

function numberIn(value: JsonValue | undefined): number | null {
  const number = value === null || value === undefined ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}
