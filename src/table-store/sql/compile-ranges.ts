import type { Column } from '../../model/columns.ts';
import type { GroupKey, QueryPlan } from '../query-plan.ts';
import type { StoredValue } from '../table-store.ts';
import { type CompiledQuery, compileFacts, type QueriedView } from './compile-query.ts';
import type { Dialect } from './dialect.ts';
import type { Ranges } from './ranges.ts';

/** The columns whose range decides how they are grouped. */
function rangedColumns({ groupBy }: QueryPlan): readonly Column[] {
  const columns = groupBy.filter(needsRange).map(({ column }) => column);
  return columns.filter((column, index) => columns.findIndex(({ name }) => name === column.name) === index);
}

function needsRange({ bucket }: GroupKey): boolean {
  return bucket !== null && ('parts' in bucket || ('unit' in bucket && bucket.timeZone !== null));
}

/** Compiles a query for the ranges that a plan needs; null if it needs none. */
export function compileRanges(dialect: Dialect, plan: QueryPlan, view: QueriedView): CompiledQuery | null {
  return compileFacts(dialect, plan, view, rangedColumns(plan), (value, column) => dialect.ends(value, column));
}

/** @param row the result of the query for the ranges */
export function rangesOf(plan: QueryPlan, row: readonly StoredValue[]): Ranges {
  return new Map(
    rangedColumns(plan).map(({ name }, index) => [
      name,
      { least: row[2 * index] ?? null, greatest: row[2 * index + 1] ?? null },
    ]),
  );
}
