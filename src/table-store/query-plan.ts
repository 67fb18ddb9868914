import type { Column, ColumnType } from '../model/columns.ts';

/** A value in a condition, of the column's type. Times are microseconds since 1970-01-01T00:00:00Z. */
export type PlanValue = bigint | number | boolean | string;

export type BucketUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

/** Groups times by the start of the bucket that contains them, in the local time of `timeZone`. */
export interface Bucket {
  readonly count: number;
  readonly unit: BucketUnit;
  /** A name of the IANA time zone database other than `UTC`; null for UTC. */
  readonly timeZone: string | null;
}

/**
 * Groups numbers by the greatest multiple of `width` that is not greater: its lower bound. Of doubles, the bounds are the
 * doubles nearest to the multiples of the width as it is written in decimal; where doubles are wider apart than the width,
 * each is a bucket of its own, as are NaN and the infinities.
 */
export interface WidthBucket {
  /** An integer if the column has integers. */
  readonly width: number;
}

/**
 * Groups numbers into `parts` buckets of the same width between the least and the greatest value of the selected rows: by their
 * lower bound, or by their upper one. Integers have a width of whole numbers, and may have fewer buckets. NaN and the infinities
 * are buckets of their own.
 */
export interface EqualBuckets {
  readonly parts: number;
  readonly edge: 'lower' | 'upper';
}

export interface GroupKey {
  readonly column: Column;
  /** Null to group equal values. */
  readonly bucket: Bucket | WidthBucket | EqualBuckets | null;
  readonly as: string;
}

/**
 * All functions but `count` without a column ignore nulls. `stddev` is the sample standard deviation. `quantile` interpolates
 * linearly. `first` and `last` are the values of the rows with the earliest and the latest `by`: the least and the greatest
 * value if several rows have that time.
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
  /** Null to count rows; only with `count`. */
  readonly column: Column | null;
  /** From 0 to 1; only with `quantile`. */
  readonly q: number | null;
  /** The time column that orders the rows; only with `first` and `last`. */
  readonly by: Column | null;
  readonly as: string;
  readonly type: ColumnType;
  /**
   * Only with `median`, `quantile` and `count_distinct`, and without groups: of many values, the store may compute it from a
   * sample, and then returns its error.
   */
  readonly approximate?: boolean;
}

/** Left side of a condition: a column of the table (in `where`), or a column of the result by its index (in `having`). */
export type Operand =
  | { readonly kind: 'column'; readonly column: Column }
  | { readonly kind: 'output'; readonly index: number; readonly type: ColumnType };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** As in SQL, a comparison with null is neither true nor false, and a row is kept if the whole condition is true. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }
  | { readonly kind: 'compare'; readonly operand: Operand; readonly op: Comparison; readonly value: PlanValue }
  | { readonly kind: 'in'; readonly operand: Operand; readonly values: readonly PlanValue[] }
  /** `%` matches any text and `_` any character; `\` escapes `%`, `_` and itself. */
  | { readonly kind: 'like'; readonly operand: Operand; readonly pattern: string }
  | { readonly kind: 'is_null'; readonly operand: Operand };

export interface Ordering {
  /** Index of a column of the result: the groups, followed by the measures. */
  readonly index: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** A query that was checked against a table: every column exists, and every value has its column's type. */
export interface QueryPlan {
  readonly groupBy: readonly GroupKey[];
  readonly measures: readonly Measure[];
  readonly where: Condition | null;
  readonly having: Condition | null;
  /** Ends with every group, so that the order of the result is deterministic. */
  readonly orderBy: readonly Ordering[];
  readonly limit: number | null;
}

/** Which columns and which rows of a table to read. */
export interface Selection {
  readonly columns: readonly Column[];
  readonly where: Condition | null;
}

/** The columns of a plan's result. */
export function outputsOf({ groupBy, measures }: Pick<QueryPlan, 'groupBy' | 'measures'>): readonly Column[] {
  return [
    ...groupBy.map(({ as, column }) => ({ name: as, type: column.type })),
    ...measures.map(({ as, type }) => ({ name: as, type })),
  ];
}

export function isQuantile({ fn }: Pick<Measure, 'fn'>): boolean {
  return fn === 'median' || fn === 'quantile';
}
