import type { Column } from '../../model/columns.ts';
import type { GroupKey, QueryPlan } from '../query-plan.ts';
import type { StoredValue, TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { microsSql } from './compile-group.ts';
import { type CompiledQuery, visible } from './compile-query.ts';
import { Parameters } from './parameters.ts';
import { physicalColumns } from './physical-columns.ts';
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
export function compileRanges(plan: QueryPlan, view: TableView & { readonly table: string }): CompiledQuery | null {
  const columns = rangedColumns(plan);
  if (columns.length === 0) return null;
  const parameters = new Parameters();
  const physical = physicalColumns(view.columns);
  const selected = columns.flatMap((column) => {
    const name = physical(column);
    const finite = column.type === 'number' ? ` FILTER (isfinite(${name}))` : '';
    const ends = [`min(${name})${finite}`, `max(${name})${finite}`];
    return isTime(column.type) ? ends.map(microsSql) : ends;
  });
  const where = plan.where === null ? '' : ` AND ${compileCondition(plan.where, physical, parameters)}`;
  return {
    sql: `SELECT ${selected.join(', ')} FROM ${view.table} WHERE ${visible(view)}${where}`,
    params: parameters.values,
  };
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
