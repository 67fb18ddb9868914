import type { Column, LogicalType } from '../model/columns.ts';

/** A value in a condition, by the column's type: times are microseconds since 1970-01-01T00:00:00Z. */
export type PlanValue = bigint | number | boolean | string;

export type BucketUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** Times are grouped by the beginning of the bucket they fall into, as a wall clock in `timeZone` shows it. */
export interface Bucket {
  readonly count: number;
  readonly unit: BucketUnit;
  /** A name of the IANA time zone database, never `UTC`; null: UTC. */
  readonly timeZone: string | null;
}

export interface GroupKey {
  readonly column: Column;
  /** Null: rows with the same value are a group. */
  readonly bucket: Bucket | null;
  readonly as: string;
}

/**
 * Nulls are left out by all but `count` without a column. `stddev` is that of a sample. `quantile` interpolates linearly.
 * `first` and `last` are the values in the rows with the earliest and the latest `by`; of several with the same time, the
 * least and the greatest.
 */
export type MeasureFunction =
  | 'count'
  | 'count_distinct'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'median'
  | 'quantile'
  | 'stddev'
  | 'first'
  | 'last';

export interface Measure {
  readonly fn: MeasureFunction;
  /** Null for `count` alone: rows are counted. */
  readonly column: Column | null;
  /** Of `quantile`, from 0 to 1. */
  readonly q: number | null;
  /** Of `first` and `last`: the column of times they go by. */
  readonly by: Column | null;
  readonly as: string;
  readonly type: LogicalType;
}

/** What a condition asks about: a column of the table (in `where`), or one of the result, by its place (in `having`). */
export type Operand =
  | { readonly kind: 'column'; readonly column: Column }
  | { readonly kind: 'output'; readonly index: number; readonly type: LogicalType };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** As in SQL, a comparison with null is neither true nor false, and rows stay where the whole is true. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | { readonly kind: 'compare'; readonly operand: Operand; readonly op: Comparison; readonly value: PlanValue }
  | { readonly kind: 'in'; readonly operand: Operand; readonly values: readonly PlanValue[] }
  /** `%` stands for any text, `_` for one character, and `\` before one of the three for itself. */
  | { readonly kind: 'like'; readonly operand: Operand; readonly pattern: string }
  | { readonly kind: 'is_null'; readonly operand: Operand };

export interface Ordering {
  /** Place in the result, whose columns are the groups and then the measures. */
  readonly index: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A query that was checked against a table: every name is one of its columns, every value fits its column's type. */
export interface QueryPlan {
  readonly groupBy: readonly GroupKey[];
  readonly measures: readonly Measure[];
  readonly where: Condition | null;
  readonly having: Condition | null;
  /** Ends with every group, so that the order of the result is always the same. */
  readonly orderBy: readonly Ordering[];
  readonly limit: number | null;
}

/** Rows of a table as they are: which of its columns, and which rows. */
export interface Selection {
  readonly columns: readonly Column[];
  readonly where: Condition | null;
}

/** The type of each column of a plan's result. */
export function outputsOf({ groupBy, measures }: Pick<QueryPlan, 'groupBy' | 'measures'>): readonly Column[] {
  return [
    ...groupBy.map(({ as, column }) => ({ name: as, type: column.type })),
    ...measures.map(({ as, type }) => ({ name: as, type })),
  ];
}
