import type { Column, ColumnType } from '../../model/columns.ts';
import type { Bucket, Comparison, EqualBuckets, Measure, Ordering, PlanValue, QueryPlan } from '../query-plan.ts';
import type { LikePart } from './like-parts.ts';
import type { Parameters } from './parameters.ts';
import type { ColumnReader, Physical } from './physical-columns.ts';
import type { Range, Ranges } from './ranges.ts';
import type { Samples } from './samples.ts';

/** What a query has to know about the selected rows before it is compiled. */
export interface PlanFacts {
  readonly ranges?: Ranges;
  readonly samples?: Samples;
  /** Names of columns that may have numbers that are not finite, or near the greatest ones. */
  readonly extremes?: ReadonlySet<string>;
}

/** Of the table that a query reads. */
export interface QuerySource {
  readonly physical: Physical;
  readonly facts: Required<PlanFacts>;
  /** Makes `FROM … WHERE …` of the selected rows. Its values are bound once more each time. */
  readonly from: () => string;
}

/**
 * How a database writes what databases write differently. The strings that it is given and returns are SQL expressions, unless they
 * are named otherwise. Values are bound as parameters.
 */
export interface Dialect extends ColumnReader {
  /** The result of a comparison with null. */
  readonly neither: string;

  /** A date or timestamp as microseconds since 1970-01-01T00:00:00Z. */
  micros(time: string, type: ColumnType): string;
  double(value: number): string;
  finite(number: string): string;

  compare(operand: string, op: Comparison, value: PlanValue, type: ColumnType, parameters: Parameters): string;
  isIn(operand: string, values: readonly PlanValue[], type: ColumnType, parameters: Parameters): string;
  like(operand: string, parts: readonly LikePart[], parameters: Parameters): string;

  /** The values that rows are grouped by. */
  key(value: string, type: ColumnType): string;
  /** The number of the bucket of an integer: the quotient, rounded down. */
  integerBucket(value: string, width: number): string;
  /** The lower bound of the bucket with a number, which may be below the least 64-bit integer. */
  integerBound(bucket: string, width: number): string;
  /**
   * The bound of the bucket of a finite number, among ascending ones.
   *
   * @param bounds one more than there are buckets
   */
  equalBucket(
    value: string,
    type: 'integer' | 'number',
    bounds: readonly (bigint | number)[],
    edge: EqualBuckets['edge'],
  ): string;
  /** What times are grouped by: any value that identifies their bucket. @param range of the column, if it is known */
  timeBucket(time: string, type: ColumnType, bucket: Bucket, range: Range | undefined): string;
  /** The start of the bucket that `timeBucket` identifies, in microseconds. */
  bucketStart(value: string, type: ColumnType, bucket: Bucket, range: Range | undefined): string;

  /** A measure of the rows of a group. */
  measure(measure: Measure, source: QuerySource): string;
  /** A list of all quantiles of a column. */
  quantiles(measure: Measure, shares: readonly number[], source: QuerySource): string;
  /** What `measure` returned, in the form of the result. */
  measured(value: string, measure: Measure): string;
  /** A condition that all groups meet, or that ends the query with an error; null if there is nothing to check. */
  check?(plan: QueryPlan, source: QuerySource): string | null;
  /** Completes the query for groups and measures, if the dialect needs more than one. */
  completed?(rows: string, plan: QueryPlan, source: QuerySource): string;
  /** The least and the greatest finite value of a column. */
  ends(value: string, column: Column): readonly [least: string, greatest: string];
  /** The number of values of a column, and about how many of them are distinct. */
  sizes(value: string, column: Column): readonly [values: string, distinct: string];

  order(output: string, type: ColumnType, ordering: Ordering): string;
  /** A column of the result, as it is returned. */
  output(value: string, type: ColumnType): string;
}
