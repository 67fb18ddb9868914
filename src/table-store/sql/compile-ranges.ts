import type { Column } from '../../model/columns.ts';
import type { GroupKey, QueryPlan } from '../query-plan.ts';
import type { CountedView, StoredValue } from '../table-store.ts';
import { type CompiledQuery, compileFacts, type QueriedView } from './compile-query.ts';
import type { Dialect } from './dialect.ts';
import type { Range, Ranges } from './ranges.ts';

/** Of a wider range, which has more changes of the clocks than are cheap to compare with, the rows may take up a small part. */
const MAX_KNOWN_MICROS = 30n * 366n * 86_400_000_000n;

type KnownTimes = Pick<CountedView, 'timeRange'>;

/** The columns whose range decides how they are grouped. */
function rangedColumns({ groupBy }: QueryPlan): readonly Column[] {
  const columns = groupBy.filter(needsRange).map(({ column }) => column);
  return columns.filter((column, index) => columns.findIndex(({ name }) => name === column.name) === index);
}

function needsRange({ bucket }: GroupKey): boolean {
  return bucket !== null && ('parts' in bucket || ('unit' in bucket && bucket.timeZone !== null));
}

/** The range of a time column, without a query. It may be wider than that of the selected rows: only equal buckets depend on the exact one. */
function knownRange({ name, type }: Column, { timeRange }: KnownTimes): Range | null {
  if (type !== 'timestamp' || timeRange?.column !== name) return null;
  if (timeRange.latest - timeRange.earliest > MAX_KNOWN_MICROS) return null;
  return { least: timeRange.earliest, greatest: timeRange.latest };
}

function unknownColumns(plan: QueryPlan, times: KnownTimes): readonly Column[] {
  return rangedColumns(plan).filter((column) => knownRange(column, times) === null);
}

/** Compiles a query for the ranges that a plan needs; null if it needs none, or all are known. */
export function compileRanges(dialect: Dialect, plan: QueryPlan, view: QueriedView & KnownTimes): CompiledQuery | null {
  return compileFacts(dialect, plan, view, unknownColumns(plan, view), (value, column) => dialect.ends(value, column));
}

/** @param row the result of the query for the ranges */
export function rangesOf(plan: QueryPlan, times: KnownTimes, row: readonly StoredValue[]): Ranges {
  const found = unknownColumns(plan, times).map(({ name }, index): [string, Range] => [
    name,
    { least: row[2 * index] ?? null, greatest: row[2 * index + 1] ?? null },
  ]);
  const known = rangedColumns(plan).flatMap((column): [string, Range][] => {
    const range = knownRange(column, times);
    return range ? [[column.name, range]] : [];
  });
  return new Map([...found, ...known]);
}
