import type { TableState } from '../catalog/table-state.ts';
import type { Column, ColumnType } from '../model/columns.ts';
import type { Measure, MeasureFunction, QueryPlan } from '../table-store/query-plan.ts';
import type { AnalyzeTypeName } from './analyze-types.ts';
import { refuseTooManyBuckets } from './bucket-count.ts';
import { BUCKET_NAMES, bucketFor, MIN_DATE_BUCKET, readTimeZone } from './bucket-names.ts';
import { type JsonValue, jsonValue, type TableResult, tableResult } from './json-values.ts';
import { planBucket } from './plan-query.ts';
import type { PlannedQuery } from './query-cache.ts';
import type { RequestPart } from './request-part.ts';
import { timeColumnOf } from './time-column.ts';

/** Rows of `rows_over_time` if the request has no bucket. */
const MAX_POINTS = 500;
const DEFAULT_TOP_VALUES = 10;
const MAX_TOP_VALUES = 1000;

export interface Profile {
  readonly totalRows: number;
  readonly columns: readonly {
    readonly name: string;
    readonly type: ColumnType;
    readonly nulls: number;
    readonly distinct: number;
    /** Null: `distinct` is exact. */
    readonly distinctError: number | null;
    readonly min: JsonValue;
    readonly max: JsonValue;
    /** Null unless the column is numeric. */
    readonly mean: JsonValue;
    /** Null unless the column is numeric. */
    readonly quartiles: { readonly q1: JsonValue; readonly median: JsonValue; readonly q3: JsonValue } | null;
    /** Null: the quartiles are exact. */
    readonly quartilesError: number | null;
  }[];
}

export type RowsOverTime = TableResult & {
  readonly timeColumn: string;
  readonly bucket: string;
  readonly timeZone: string;
};

/**
 * The analyze types that are computed from the rows of the table. Each reads its own members of the request.
 *
 * @throws Problem query_invalid, column_not_found, column_unsuitable, time_zone_unknown, no_time_column
 */
export const COMPUTED_ANSWERS = {
  profile,
  rows_over_time: rowsOverTime,
  top_values: topValues,
} as const satisfies Partial<Record<AnalyzeTypeName, (request: RequestPart, table: TableState) => PlannedQuery>>;

/** Members of every request. */
const COMMON_MEMBERS = ['customer_id', 'analyze_type', 'analyzer_type'] as const;
const ALL_ROWS: Pick<QueryPlan, 'where' | 'having' | 'limit' | 'orderBy' | 'groupBy'> = {
  where: null,
  having: null,
  limit: null,
  orderBy: [],
  groupBy: [],
};

const PROFILED: readonly (readonly [name: string, fn: MeasureFunction, q: number | null])[] = [
  ['values', 'count', null],
  ['distinct', 'count_distinct', null],
  ['min', 'min', null],
  ['max', 'max', null],
  ['mean', 'avg', null],
  ['q1', 'quantile', 0.25],
  ['median', 'quantile', 0.5],
  ['q3', 'quantile', 0.75],
];

function profile(request: RequestPart, table: TableState): PlannedQuery<Profile> {
  request.object(COMMON_MEMBERS);
  const measures = table.columns.flatMap(({ name, type }) => {
    const column: Column = { name, type };
    return PROFILED.filter(([, fn]) => isNumeric(type) || (fn !== 'avg' && fn !== 'quantile')).map(([as, fn, q]) =>
      profiled(fn, column, q, as, fn.startsWith('count') ? 'integer' : fn === 'min' || fn === 'max' ? type : 'number'),
    );
  });
  return {
    name: 'profile',
    plan: { ...ALL_ROWS, measures },
    shape: ([row = []], errors = []) => {
      const measured = (column: Column, as: string): JsonValue => {
        const index = measures.findIndex((each) => each.column?.name === column.name && each.as === as);
        return index === -1 ? null : jsonValue(row[index] ?? null, measures[index]?.type ?? 'text');
      };
      const errorIn = (column: Column, as: string): number | null =>
        errors[measures.findIndex((each) => each.column?.name === column.name && each.as === as)] ?? null;
      return {
        totalRows: table.rows,
        columns: table.columns.map(({ name, type }) => {
          const of = (as: string) => measured({ name, type }, as);
          return {
            name,
            type,
            nulls: table.rows - Number(of('values')),
            distinct: Number(of('distinct')),
            distinctError: errorIn({ name, type }, 'distinct'),
            min: of('min'),
            max: of('max'),
            mean: of('mean'),
            quartiles: isNumeric(type) ? { q1: of('q1'), median: of('median'), q3: of('q3') } : null,
            quartilesError: errorIn({ name, type }, 'median'),
          };
        }),
      };
    },
  };
}

function rowsOverTime(request: RequestPart, table: TableState): PlannedQuery<RowsOverTime> {
  const members = request.object([...COMMON_MEMBERS, 'column', 'bucket', 'time_zone']);
  const column = members.column ? members.column.column(table.columns) : timeColumnOf(table);
  if (column.type === 'date' && members.time_zone) {
    throw members.time_zone.problem(
      'query_invalid',
      `Column '${column.name}' contains dates, which have no time zone.`,
    );
  }
  const bucket = members.bucket
    ? planBucket(members.bucket, column, members.time_zone, table)
    : {
        ...fittingBucket(column, table, members.column ?? request),
        timeZone: members.time_zone ? readTimeZone(members.time_zone) : null,
      };
  const plan: QueryPlan = {
    ...ALL_ROWS,
    groupBy: [{ column, bucket, as: column.name }],
    measures: [measure('count', null, null, 'rows', 'integer')],
    where: { kind: 'not', condition: { kind: 'is_null', operand: { kind: 'column', column } } },
    orderBy: [{ index: 0, descending: false, nullsFirst: false }],
  };
  refuseTooManyBuckets(plan, table, () => `${request.pointer}/bucket`);
  const name = bucket.count === 1 ? bucket.unit : `${bucket.count} ${bucket.unit}s`;
  return {
    name: 'rows_over_time',
    plan,
    shape: (rows) => ({
      timeColumn: column.name,
      bucket: name,
      timeZone: bucket.timeZone ?? 'UTC',
      ...tableResult(plan, rows),
    }),
  };
}

function topValues(request: RequestPart, table: TableState): PlannedQuery<TableResult> {
  const members = request.object([...COMMON_MEMBERS, 'column', 'limit']);
  if (!members.column) {
    const columns = table.columns.map(({ name }) => name);
    throw request.problem(
      'query_invalid',
      `top_values requires a column. The columns of the table are: ${columns.join(', ')}.`,
      {
        choices: columns,
      },
    );
  }
  const column = members.column.column(table.columns);
  const plan: QueryPlan = {
    ...ALL_ROWS,
    groupBy: [{ column, bucket: null, as: column.name }],
    measures: [measure('count', null, null, column.name === 'rows' ? 'count' : 'rows', 'integer')],
    orderBy: [
      { index: 1, descending: true, nullsFirst: false },
      { index: 0, descending: false, nullsFirst: false },
    ],
    limit: members.limit?.integer(1, MAX_TOP_VALUES) ?? DEFAULT_TOP_VALUES,
  };
  return { name: 'top_values', plan, shape: (rows) => tableResult(plan, rows) };
}

/** Large tables are profiled from samples. */
function profiled(fn: MeasureFunction, column: Column, q: number | null, as: string, type: ColumnType): Measure {
  const plain = measure(fn, column, q, as, type);
  return fn === 'quantile' || fn === 'count_distinct' ? { ...plain, approximate: true } : plain;
}

function measure(fn: MeasureFunction, column: Column | null, q: number | null, as: string, type: ColumnType): Measure {
  return { fn, column, q, by: null, as, type };
}

function isNumeric(type: ColumnType): boolean {
  return type === 'integer' || type === 'number';
}

/** The shortest bucket that splits the time range of the table into at most `MAX_POINTS` parts. */
function fittingBucket(column: Column, table: TableState, request: RequestPart) {
  if (column.name !== table.timeColumn) {
    const detail = `The time range of column '${column.name}' is unknown, so a bucket is required. The buckets are: ${BUCKET_NAMES.join(', ')}.`;
    throw request.problem('query_invalid', detail, { choices: BUCKET_NAMES });
  }
  const span = (table.latestAt ?? 0n) - (table.earliestAt ?? 0n);
  const { count, unit } = bucketFor(span, MAX_POINTS, column.type === 'date' ? MIN_DATE_BUCKET : 0n);
  return { count, unit };
}
