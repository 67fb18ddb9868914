import type { Measure, QueryPlan } from '../query-plan.ts';
import type { QueryLimits, QueryOutcome, StoredValue } from '../table-store.ts';

/** How many a profile has of a column. */
const MEASURES_OF_COLUMN = 8;

export interface PartOptions {
  /** More than this many measures are several parts. Only a profile has more. */
  readonly maxMeasures: number;
  /** What a row takes of `maxBytes`. */
  readonly rowBytes: (row: readonly StoredValue[]) => number;
}

export interface PartLimits extends QueryLimits {
  /** Aborts with the signal, and at the deadline of the whole query. */
  readonly ends: AbortSignal;
}

/**
 * Runs a query that measures many columns as several queries, one after the other, where all of them at once take too much memory or
 * time. They read the same rows, and each of them other columns.
 */
export async function answerInParts(
  plan: QueryPlan,
  limits: QueryLimits,
  { maxMeasures, rowBytes }: PartOptions,
  answer: (part: QueryPlan, limits: PartLimits) => Promise<QueryOutcome>,
): Promise<QueryOutcome> {
  const { maxBytes, onProgress } = limits;
  const ends = AbortSignal.any([limits.signal, AbortSignal.timeout(limits.deadlineMs)]);
  const parts = partsOf(plan, maxMeasures);
  const row: StoredValue[] = [];
  const errors: (number | null)[] = [];
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    const outcome = await answer(part, {
      ...limits,
      ends,
      maxBytes: maxBytes - bytes,
      ...(onProgress && { onProgress: (share) => onProgress((index + share) / parts.length) }),
    });
    if (parts.length === 1 || outcome.kind !== 'rows') return outcome;
    const [values = []] = outcome.rows;
    bytes += rowBytes(values);
    row.push(...values);
    errors.push(...(outcome.errors ?? part.measures.map(() => null)));
  }
  return { kind: 'rows', rows: [row], ...(errors.some((error) => error !== null) && { errors }) };
}

/** Measures of a column that follow each other stay together: its quantiles are computed at once. */
function partsOf(plan: QueryPlan, maxMeasures: number): readonly QueryPlan[] {
  const { measures, groupBy, having, orderBy, limit } = plan;
  const isOneRow = groupBy.length === 0 && having === null && orderBy.length === 0 && limit === null;
  if (!isOneRow || measures.length <= maxMeasures) return [plan];
  const parts: Measure[][] = [[]];
  for (const [index, measure] of measures.entries()) {
    const isNextColumn = measure.column?.name !== measures[index - 1]?.column?.name;
    if (isNextColumn && (parts.at(-1)?.length ?? 0) > maxMeasures - MEASURES_OF_COLUMN) parts.push([]);
    parts.at(-1)?.push(measure);
  }
  return parts.map((part) => ({ ...plan, measures: part }));
}
