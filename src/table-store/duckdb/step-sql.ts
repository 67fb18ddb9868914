/** One step of a function: its SQL from a bound on. */
export interface Step {
  /** SQL of the least value of the step; null for the first step. */
  readonly from: string | null;
  readonly sql: string;
}

/**
 * A function that is constant between bounds, as nested CASEs that halve the steps: DuckDB evaluates each branch only for the
 * rows that take it, so that a thousand steps cost ten comparisons per row.
 *
 * @param operand SQL, not null
 * @param steps in ascending order of their bounds
 */
export function stepSql(operand: string, steps: readonly Step[]): string {
  const [only] = steps;
  if (only && steps.length === 1) return only.sql;
  const middle = steps.length >> 1;
  const [below, above] = [steps.slice(0, middle), steps.slice(middle)].map((half) => stepSql(operand, half));
  return `CASE WHEN ${operand} < ${steps[middle]?.from} THEN ${below} ELSE ${above} END`;
}
