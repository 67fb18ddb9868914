import type { TableState } from '../catalog/table-state.ts';
import type { Bucket, Condition, GroupKey, QueryPlan } from '../table-store/query-plan.ts';
import { BUCKETS, bucketFor } from './bucket-names.ts';
import { RequestPart } from './request-part.ts';

/** Buckets per query: more are a mistake, and take minutes. */
const MAX_BUCKETS = 1_000_000;

/** A time in microseconds, or a number. */
type Value = bigint | number;

interface Span {
  readonly from: Value | null;
  readonly to: Value | null;
}

/**
 * Refuses buckets so short or narrow that the values would fall into millions of them, before the query runs.
 *
 * @param pointerOf the JSON pointer of a group's bucket in the request
 * @throws Problem too_many_groups, with the shortest allowed bucket
 */
export function refuseTooManyBuckets(plan: QueryPlan, table: TableState, pointerOf: (group: number) => string): void {
  if (table.rows <= MAX_BUCKETS) return;
  for (const [index, key] of plan.groupBy.entries()) {
    const { bucket } = key;
    if (bucket && 'unit' in bucket) refuseShort(bucket, spanOf(key, plan.where, table), pointerOf(index));
    if (bucket && 'width' in bucket) refuseNarrow(bucket.width, spanOf(key, plan.where, table), pointerOf(index));
  }
}

function refuseShort({ count, unit }: Bucket, span: Value | null, pointer: string): void {
  const bucket = BUCKETS.find((each) => each.count === count && each.unit === unit);
  if (typeof span !== 'bigint' || !bucket) return;
  const groups = span / bucket.micros + 1n;
  if (groups <= BigInt(MAX_BUCKETS)) return;
  const nearest = bucketFor(span, MAX_BUCKETS).name;
  const detail = `The bucket "${bucket.name}" would create about ${groups} groups, more than the maximum of ${MAX_BUCKETS}. Use "${nearest}" or longer, or a shorter time range.`;
  throw new RequestPart(bucket.name, pointer).problem('too_many_groups', detail, { nearest });
}

function refuseNarrow(width: number, span: Value | null, pointer: string): void {
  const groups = span === null ? 0 : Number(span) / width;
  if (groups <= MAX_BUCKETS) return;
  const nearest = Math.ceil(Number(span) / MAX_BUCKETS);
  const detail = `The bucket ${width} would create about ${Math.ceil(groups)} groups, more than the maximum of ${MAX_BUCKETS}. Use ${nearest} or more, or a smaller range.`;
  throw new RequestPart(width, pointer).problem('too_many_groups', detail, { nearest });
}

/** The range of a column that follows from the catalog and the request; null if it is unknown. */
function spanOf({ column }: GroupKey, where: Condition | null, table: TableState): Value | null {
  const known: Span = column.name === table.timeColumn ? { from: table.earliestAt, to: table.latestAt } : UNKNOWN;
  const { from, to } = within(where, column.name, known);
  if (from === null || to === null) return null;
  if (typeof from === 'bigint' && typeof to === 'bigint') return to < from ? 0n : to - from;
  return Math.max(0, Number(to) - Number(from));
}

const UNKNOWN: Span = { from: null, to: null };

/** Narrows a span by the conditions that every row must meet. */
function within(where: Condition | null, column: string, span: Span): Span {
  if (where?.kind === 'and') return where.conditions.reduce((sum, part) => within(part, column, sum), span);
  if (where?.kind !== 'compare' || where.operand.kind !== 'column' || where.operand.column.name !== column) return span;
  const value = where.value as Value;
  const later = span.from === null || value > span.from ? value : span.from;
  const earlier = span.to === null || value < span.to ? value : span.to;
  if (where.op === '=') return { from: later, to: earlier };
  if (where.op.startsWith('>')) return { ...span, from: later };
  return where.op.startsWith('<') ? { ...span, to: earlier } : span;
}
