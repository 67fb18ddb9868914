import { rowBytes } from '../../engine/engine-value.ts';
import type { Measure, QueryPlan } from '../query-plan.ts';
import type { QueryLimits, QueryOutcome, StoredValue } from '../table-store.ts';

/** Only a profile has more. Each measure takes some 300 KB, however few the rows are. */
const MAX_MEASURES = 100;
/** How many a profile has of a column. */
const MEASURES_OF_COLUMN = 8;

type PartLimits = Pick<QueryLimits, 'maxBytes' | 'onProgress'>;

/**
 * Runs a query that measures many columns as several queries, one after the other, since all of them at once do not fit into memory.
 * They read the same rows, and each of them other columns.
 */
export async function answerInParts(
  plan: QueryPlan,
  { maxBytes, onProgress }: PartLimits,
  answer: (part: QueryPlan, limits: PartLimits) => Promise<QueryOutcome>,
): Promise<QueryOutcome> {
  const parts = partsOf(plan);
  const row: StoredValue[] = [];
  const errors: (number | null)[] = [];
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    const outcome = await answer(part, {
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
export function partsOf(plan: QueryPlan): readonly QueryPlan[] {
  const { measures, groupBy, having, orderBy, limit } = plan;
  const isOneRow = groupBy.length === 0 && having === null && orderBy.length === 0 && limit === null;
  if (!isOneRow || measures.length <= MAX_MEASURES) return [plan];
  const parts: Measure[][] = [[]];
  for (const [index, measure] of measures.entries()) {
    const isNextColumn = measure.column?.name !== measures[index - 1]?.column?.name;
    if (isNextColumn && (parts.at(-1)?.length ?? 0) > MAX_MEASURES - MEASURES_OF_COLUMN) parts.push([]);
    parts.at(-1)?.push(measure);
  }
  return parts.map((part) => ({ ...plan, measures: part }));
}
