import type { Selection } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition } from './compile-condition.ts';
import { visible } from './compile-query.ts';
import type { Dialect } from './dialect.ts';
import { Parameters } from './parameters.ts';
import type { Physical } from './physical-columns.ts';

/** Compiles a selection of rows to SQL conditions. */
export function compileScan(dialect: Dialect, view: TableView, { where }: Selection, physical: Physical) {
  const parameters = new Parameters();
  return {
    visible: visible(view),
    where: where && compileCondition(dialect, where, physical, parameters),
    params: parameters.values,
  };
}
