import type { Micros, TableState } from '../catalog/catalog.ts';
import type { Condition, GroupKey, QueryPlan } from '../table-store/query-plan.ts';
import { BUCKETS, bucketFor } from './bucket-names.ts';
import { RequestPart } from './request-part.ts';

/** Most groups that buckets of time may make: more is a mistake, and costs minutes. */
const MOST_BUCKETS = 1_000_000;

interface Span {
  readonly from: Micros | null;
  readonly to: Micros | null;
}

/**
 * Refuses buckets so short that the times there are would fall into millions of them, before anything is computed.
 *
 * @param placeOf where in the request the bucket of a group stands, as a JSON pointer
 * @throws Problem too_many_groups, with the shortest bucket that would do
 */
export function refuseTooManyBuckets(plan: QueryPlan, table: TableState, placeOf: (group: number) => string): void {
  if (table.rows <= MOST_BUCKETS) return;
  for (const [index, key] of plan.groupBy.entries()) {
    const span = spanOf(key, plan.where, table);
    const bucket = BUCKETS.find(({ count, unit }) => key.bucket?.count === count && key.bucket.unit === unit);
    if (span === null || !bucket) continue;
    const groups = span / bucket.micros + 1n;
    if (groups <= BigInt(MOST_BUCKETS)) continue;
    const nearest = bucketFor(span, MOST_BUCKETS).name;
    const place = new RequestPart(bucket.name, placeOf(index));
    const detail = `"${bucket.name}" would make about ${groups} groups; at most ${MOST_BUCKETS} can be. Ask for "${nearest}" or longer, or for less time in where.`;
    throw place.problem('too_many_groups', detail, { nearest });
  }
}

/** How much time there is in a column, as far as the catalog and the request tell; null: nobody knows. */
function spanOf({ column }: GroupKey, where: Condition | null, table: TableState): bigint | null {
  const known: Span = column.name === table.timeColumn ? { from: table.earliestAt, to: table.latestAt } : NOTHING;
  const { from, to } = within(where, column.name, known);
  return from === null || to === null ? null : to < from ? 0n : to - from;
}

const NOTHING: Span = { from: null, to: null };

/** Narrows a span by the conditions that every row has to meet. */
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
