import type { Column } from '../../model/columns.ts';
import { isQuantile, type Measure, type QueryPlan } from '../query-plan.ts';
import type { QueryOutcome, StoredValue } from '../table-store.ts';

/** Up to this many values everything is exact. */
export const EXACT_VALUES = 5_000_000;
/** Values in the sample of a quantile. */
const SAMPLED_VALUES = 1_000_000;
/** Distinct values in the sample of a count of them. */
const SAMPLED_DISTINCT = 250_000;

/**
 * How a column is sampled: one of `rows` rows for its quantiles, one of `distinct` distinct values for their count. Both are
 * chosen by a hash, so that a version of a table has one result. 1: all of them.
 */
export interface Sample {
  readonly rows: number;
  readonly distinct: number;
  /** Values of the selected rows. */
  readonly values: number;
}

/** By the name of the column. */
export type Samples = ReadonlyMap<string, Sample>;

/** The columns of approximate measures. */
export function sampledColumns({ measures }: QueryPlan): readonly Column[] {
  const columns = measures.flatMap(({ approximate, column }) => (approximate && column ? [column] : []));
  return columns.filter((column, index) => columns.findIndex(({ name }) => name === column.name) === index);
}

/** @param row the result of the query for the sizes */
export function samplesOf(plan: QueryPlan, row: readonly StoredValue[]): Samples {
  return new Map(
    sampledColumns(plan).map(({ name }, index) => {
      const [values, distinct] = [Number(row[2 * index] ?? 0), Number(row[2 * index + 1] ?? 0)];
      const isExact = values <= EXACT_VALUES;
      const every = (size: number, wanted: number) => (isExact ? 1 : Math.max(1, Math.floor(size / wanted)));
      return [name, { rows: every(values, SAMPLED_VALUES), distinct: every(distinct, SAMPLED_DISTINCT), values }];
    }),
  );
}

/** A measure's sample; null if it is exact. */
export function sampleEvery({ fn, column, approximate }: Measure, samples: Samples): number | null {
  const sample = approximate && column ? samples.get(column.name) : undefined;
  if (!sample) return null;
  const every = isQuantile({ fn }) ? sample.rows : sample.distinct;
  return every === 1 ? null : every;
}

/**
 * The error of a measure from a sample, exceeded once in ten thousand times at most: of a quantile, how far its rank may be from
 * the requested one (Dvoretzky–Kiefer–Wolfowitz); of a count of distinct values, relative to it (four standard deviations).
 */
export function errorOf(measure: Measure, value: StoredValue, samples: Samples): number | null {
  const every = sampleEvery(measure, samples);
  if (every === null || !measure.column) return null;
  if (!isQuantile(measure)) return rounded(4 * Math.sqrt(every / Math.max(1, Number(value))));
  // The size of the sample varies by less than a hundredth.
  const size = (0.99 * (samples.get(measure.column.name)?.values ?? 0)) / every;
  return rounded(Math.sqrt(Math.log(2 / 1e-4) / (2 * size)));
}

/** Adds the errors of the measures to a result, if any is from a sample. */
export function withErrors(
  outcome: Extract<QueryOutcome, { kind: 'rows' }>,
  plan: QueryPlan,
  samples: Samples,
): QueryOutcome {
  // Samples are of queries without groups.
  const [row = []] = outcome.rows;
  const errors = plan.measures.map((measure, index) => errorOf(measure, row[index] ?? null, samples));
  return errors.some((error) => error !== null) ? { ...outcome, errors } : outcome;
}

/** To two digits, up. */
function rounded(error: number): number {
  const unit = 10 ** (Math.floor(Math.log10(error)) - 1);
  return Number((Math.ceil(error / unit) * unit).toPrecision(2));
}
