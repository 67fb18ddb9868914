import type { CallOptions, EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import { exceededMemory, isCancelled } from '../../model/storage-failure.ts';
import type { QueryPlan } from '../query-plan.ts';
import type { CountedView, QueryLimits, QueryOutcome } from '../table-store.ts';
import { type CompiledQuery, compileQuery, isQuantile } from './compile-query.ts';
import { compileRanges, rangesOf } from './compile-ranges.ts';
import { BYTES_PER_QUANTILE_VALUE, type QuantileMemory } from './quantile-memory.ts';

/** Up to this many values, it is not worth counting how many of them meet the condition. */
const UNCOUNTED_VALUES = 1_000_000;

type Run = (plan: QueryPlan, extraBytes?: number) => Promise<QueryOutcome>;

/** Runs a query over a table file, once there is memory for its quantiles and the ranges that it needs are known. */
export async function answerQuery(
  { engine, quantiles }: { readonly engine: EngineClient; readonly quantiles: QuantileMemory },
  database: string,
  view: CountedView,
  plan: QueryPlan,
  { signal, deadlineMs, maxRows, maxBytes, onProgress }: QueryLimits,
): Promise<QueryOutcome> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const rows = { ...view, table: tableName(database) };
  const call = (compiled: CompiledQuery, options: CallOptions) =>
    engine.call('query', { database, ...compiled, maxRows, maxBytes }, { signal: ends, ...options });
  const run: Run = async (each, extraBytes = 0) => {
    const options = { extraBytes, ...(onProgress && { onProgress }) };
    const ranges = compileRanges(each, rows);
    if (!ranges) return call(compileQuery(each, rows), options);
    const ranged = await call(ranges, { extraBytes });
    if (ranged.kind !== 'rows') return ranged;
    return call(compileQuery(each, rows, rangesOf(each, ranged.rows[0] ?? [])), options);
  };
  try {
    const bytes = BYTES_PER_QUANTILE_VALUE * (await quantileValues(view, plan, run));
    if (!quantiles.fits(bytes)) return { kind: 'out_of_memory' };
    if (bytes === 0) return await run(plan);
    return await quantiles.run(view.customerId, { permits: bytes, signal: ends }, () => run(plan, bytes));
  } catch (error) {
    if (exceededMemory(error)) return { kind: 'out_of_memory' };
    if (!isCancelled(error) && !ends.aborted) throw error;
    return { kind: signal.aborted ? 'cancelled' : 'timed_out' };
  }
}

/** Maximum number of values that the quantiles of a plan keep in memory. */
async function quantileValues({ rows }: CountedView, plan: QueryPlan, run: Run): Promise<number> {
  const columns = new Set(plan.measures.filter(isQuantile).map(({ column }) => column?.name)).size;
  const most = columns * rows;
  if (most <= UNCOUNTED_VALUES || plan.where === null) return most;
  const counted = await run(countOf(plan));
  return counted.kind === 'rows' ? columns * Number(counted.rows[0]?.[0] ?? 0) : 0;
}

/** A plan that counts the rows that meet the condition of another plan. */
function countOf({ where }: QueryPlan): QueryPlan {
  const count = { fn: 'count', column: null, q: null, by: null, as: 'count', type: 'integer' } as const;
  return { groupBy: [], measures: [count], where, having: null, orderBy: [], limit: null };
}
