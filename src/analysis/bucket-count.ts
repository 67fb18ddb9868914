import type { Micros, TableState } from '../catalog/table-state.ts';
import type { Condition, GroupKey, QueryPlan } from '../table-store/query-plan.ts';
import { BUCKETS, bucketFor } from './bucket-names.ts';
import { RequestPart } from './request-part.ts';

/** Time buckets per query: more are a mistake, and take minutes. */
const MAX_BUCKETS = 1_000_000;

interface Span {
  readonly from: Micros | null;
  readonly to: Micros | null;
}

/**
 * Refuses buckets so short that the times of the table would fall into millions of them, before the query runs.
 *
 * @param pointerOf the JSON pointer of a group's bucket in the request
 * @throws Problem too_many_groups, with the shortest allowed bucket
 */
export function refuseTooManyBuckets(plan: QueryPlan, table: TableState, pointerOf: (group: number) => string): void {
  if (table.rows <= MAX_BUCKETS) return;
  for (const [index, key] of plan.groupBy.entries()) {
    const span = spanOf(key, plan.where, table);
    const bucket = BUCKETS.find(({ count, unit }) => key.bucket?.count === count && key.bucket.unit === unit);
    if (span === null || !bucket) continue;
    const groups = span / bucket.micros + 1n;
    if (groups <= BigInt(MAX_BUCKETS)) continue;
    const nearest = bucketFor(span, MAX_BUCKETS).name;
    const part = new RequestPart(bucket.name, pointerOf(index));
    const detail = `The bucket "${bucket.name}" would create about ${groups} groups, more than the maximum of ${MAX_BUCKETS}. Use "${nearest}" or longer, or a shorter time range.`;
    throw part.problem('too_many_groups', detail, { nearest });
  }
}

/** The time range of a column that follows from the catalog and the request; null if it is unknown. */
function spanOf({ column }: GroupKey, where: Condition | null, table: TableState): bigint | null {
  const known: Span = column.name === table.timeColumn ? { from: table.earliestAt, to: table.latestAt } : UNKNOWN;
  const { from, to } = within(where, column.name, known);
  return from === null || to === null ? null : to < from ? 0n : to - from;
}

const UNKNOWN: Span = { from: null, to: null };

/** Narrows a span by the conditions that every row must meet. */
function within(where: Condition | null, column: string, span: Span): Span {
  if (where?.kind === 'and') return where.conditions.reduce((sum, part) => within(part, column, sum), span);
  if (where?.kind !== 'compare' || where.operand.kind !== 'column' || where.operand.column.name !== column) return span;
  const value = where.value as Micros;
  const later = span.from === null || value > span.from ? value : span.from;
  const earlier = span.to === null || value < span.to ? value : span.to;
  if (where.op === '=') return { from: later, to: earlier };
  if (where.op.startsWith('>')) return { ...span, from: later };
  return where.op.startsWith('<') ? { ...span, to: earlier } : span;
}
