import type { QueryPlan } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition } from './compile-condition.ts';
import { type CompiledQuery, visible } from './compile-query.ts';
import { Parameters } from './parameters.ts';
import { physicalColumns } from './physical-columns.ts';
import { sampledColumns } from './samples.ts';

/** Compiles a query for the sizes from which the samples of a plan are chosen; null if it needs none. */
export function compileSampleSizes(
  plan: QueryPlan,
  view: TableView & { readonly table: string },
): CompiledQuery | null {
  const columns = sampledColumns(plan);
  if (columns.length === 0) return null;
  const parameters = new Parameters();
  const physical = physicalColumns(view.columns);
  const selected = columns.flatMap((name) => {
    const column = physical({ name });
    // A HyperLogLog that is off by up to a quarter, which is enough to choose a sample.
    return [`count(${column})`, `approx_count_distinct(${column})`];
  });
  const where = plan.where === null ? '' : ` AND ${compileCondition(plan.where, physical, parameters)}`;
  return {
    sql: `SELECT ${selected.join(', ')} FROM ${view.table} WHERE ${visible(view)}${where}`,
    params: parameters.values,
  };
}
