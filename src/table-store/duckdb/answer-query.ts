import type { EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import { isCancelled } from '../../model/storage-failure.ts';
import type { QueryPlan } from '../query-plan.ts';
import type { CountedView, QueryLimits, QueryOutcome } from '../table-store.ts';
import { compileQuery, isQuantile } from './compile-query.ts';
import { BYTES_PER_QUANTILE_VALUE, type QuantileMemory } from './quantile-memory.ts';

/** So few values are held without a count of those that a condition leaves. */
const UNCOUNTED_VALUES = 1_000_000;

type Ask = (plan: QueryPlan) => Promise<QueryOutcome>;

/** Computes a plan's result from a table file, once there is memory for what it holds beside DuckDB's own. */
export async function answerQuery(
  { engine, quantiles }: { readonly engine: EngineClient; readonly quantiles: QuantileMemory },
  database: string,
  view: CountedView,
  plan: QueryPlan,
  { signal, deadlineMs, maxRows, maxBytes }: QueryLimits,
): Promise<QueryOutcome> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const ask: Ask = (each) => {
    const { sql, params } = compileQuery(each, { ...view, table: tableName(database) });
    return engine.call('query', { database, sql, params, maxRows, maxBytes }, { signal: ends });
  };
  try {
    const bytes = BYTES_PER_QUANTILE_VALUE * (await quantileValues(view, plan, ask));
    if (!quantiles.fits(bytes)) return { kind: 'out_of_memory' };
    if (bytes === 0) return await ask(plan);
    return await quantiles.run(view.customerId, { permits: bytes, signal: ends }, () => ask(plan));
  } catch (error) {
    if (!isCancelled(error) && !ends.aborted) throw error;
    return { kind: signal.aborted ? 'cancelled' : 'timed_out' };
  }
}

/** How many values the quantiles of a plan are of, at most. */
async function quantileValues({ rows }: CountedView, plan: QueryPlan, ask: Ask): Promise<number> {
  const columns = new Set(plan.measures.filter(isQuantile).map(({ column }) => column?.name)).size;
  const most = columns * rows;
  if (most <= UNCOUNTED_VALUES || plan.where === null) return most;
  const counted = await ask(countOf(plan));
  return counted.kind === 'rows' ? columns * Number(counted.rows[0]?.[0] ?? 0) : 0;
}

/** A plan that counts the rows that another one reads. */
function countOf({ where }: QueryPlan): QueryPlan {
  const count = { fn: 'count', column: null, q: null, by: null, as: 'count', type: 'integer' } as const;
  return { groupBy: [], measures: [count], where, having: null, orderBy: [], limit: null };
}
