import type { QueryPlan } from '../query-plan.ts';
import { type CompiledQuery, compileFacts, type QueriedView } from './compile-query.ts';
import type { Dialect } from './dialect.ts';
import { sampledColumns } from './samples.ts';

/** Compiles a query for the sizes from which the samples of a plan are chosen; null if it needs none. */
export function compileSampleSizes(dialect: Dialect, plan: QueryPlan, view: QueriedView): CompiledQuery | null {
  return compileFacts(dialect, plan, view, sampledColumns(plan), (value, column) => dialect.sizes(value, column));
}
