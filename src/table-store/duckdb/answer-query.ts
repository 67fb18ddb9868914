import type { CallOptions, EngineClient } from '../../engine/engine-client.ts';
import { rowBytes } from '../../engine/engine-value.ts';
import { tableName } from '../../engine/sql.ts';
import { exceededMemory, isCancelled } from '../../model/storage-failure.ts';
import { isQuantile, type QueryPlan } from '../query-plan.ts';
import { type CompiledQuery, compileQuery } from '../sql/compile-query.ts';
import { compileRanges, rangesOf } from '../sql/compile-ranges.ts';
import { compileSampleSizes } from '../sql/compile-sample-sizes.ts';
import { answerInParts, type PartLimits } from '../sql/query-parts.ts';
import { EXACT_VALUES, type Samples, samplesOf, withErrors } from '../sql/samples.ts';
import type { CountedView, QueryLimits, QueryOutcome, StoredValue } from '../table-store.ts';
import { DUCKDB } from './duckdb-dialect.ts';
import { BYTES_PER_QUANTILE_VALUE, type QuantileMemory } from './quantile-memory.ts';

/** Up to this many values, it is not worth counting how many of them meet the condition. */
const UNCOUNTED_VALUES = 1_000_000;
/** Each measure takes some 300 KB, however few the rows are. */
const MAX_MEASURES = 100;

interface Deps {
  readonly engine: EngineClient;
  readonly quantiles: QuantileMemory;
}

type Call = (compiled: CompiledQuery, options?: CallOptions) => Promise<QueryOutcome>;

/** Runs a query over a table file, once there is memory for its quantiles and the ranges and samples that it needs are known. */
export async function answerQuery(
  deps: Deps,
  database: string,
  view: CountedView,
  plan: QueryPlan,
  limits: QueryLimits,
): Promise<QueryOutcome> {
  return answerInParts(plan, limits, { maxMeasures: MAX_MEASURES, rowBytes }, (part, ofPart) =>
    answerPart(deps, database, view, part, ofPart),
  );
}

async function answerPart(
  { engine, quantiles }: Deps,
  database: string,
  view: CountedView,
  plan: QueryPlan,
  { signal, ends, maxRows, maxBytes, onProgress }: PartLimits,
): Promise<QueryOutcome> {
  const rows = { ...view, table: tableName(database) };
  const call: Call = (compiled, options = {}) =>
    engine.call('query', { database, ...compiled, maxRows, maxBytes }, { signal: ends, ...options });
  try {
    const ranges = await firstRow(call, compileRanges(DUCKDB, plan, rows));
    const sizes = await firstRow(call, view.rows <= EXACT_VALUES ? null : compileSampleSizes(DUCKDB, plan, rows));
    if ('kind' in ranges) return ranges;
    if ('kind' in sizes) return sizes;
    const samples = samplesOf(plan, sizes);
    const facts = { ranges: rangesOf(plan, view, ranges), samples };
    const run = async (extraBytes: number): Promise<QueryOutcome> => {
      const options = { extraBytes, ...(onProgress && { onProgress }) };
      const outcome = await call(compileQuery(DUCKDB, plan, rows, facts), options);
      return outcome.kind === 'rows' ? withErrors(outcome, plan, samples) : outcome;
    };
    const bytes = BYTES_PER_QUANTILE_VALUE * (await quantileValues(rows, plan, samples, call));
    if (!quantiles.fits(bytes)) return { kind: 'out_of_memory' };
    if (bytes === 0) return await run(0);
    return await quantiles.run(view.customerId, { permits: bytes, signal: ends }, () => run(bytes));
  } catch (error) {
    if (exceededMemory(error)) return { kind: 'out_of_memory' };
    if (!isCancelled(error) && !ends.aborted) throw error;
    return { kind: signal.aborted ? 'cancelled' : 'timed_out' };
  }
}

type Row = readonly StoredValue[];

/** The only row of a query that looks something up; empty if there is nothing to look up. */
async function firstRow(
  call: Call,
  compiled: CompiledQuery | null,
): Promise<Row | Exclude<QueryOutcome, { kind: 'rows' }>> {
  if (!compiled) return [];
  const outcome = await call(compiled);
  return outcome.kind === 'rows' ? (outcome.rows[0] ?? []) : outcome;
}

/** Maximum number of values that the quantiles of a plan keep in memory. */
async function quantileValues(
  view: CountedView & { readonly table: string },
  plan: QueryPlan,
  samples: Samples,
  call: Call,
): Promise<number> {
  const all = plan.measures.filter(isQuantile);
  const namesOf = (approximate: boolean) =>
    new Set(
      all
        .filter((each) => (each.approximate === true && samples.size > 0) === approximate)
        .map(({ column }) => column?.name ?? ''),
    );
  const sampled = [...namesOf(true)].map((name) => samples.get(name));
  const kept = sampled.reduce((sum, sample) => sum + (sample ? Math.ceil((1.01 * sample.values) / sample.rows) : 0), 0);
  const columns = namesOf(false).size;
  const most = columns * view.rows;
  if (most <= UNCOUNTED_VALUES || plan.where === null) return kept + most;
  const counted = await call(compileQuery(DUCKDB, countOf(plan), view));
  return kept + (counted.kind === 'rows' ? columns * Number(counted.rows[0]?.[0] ?? 0) : 0);
}

/** A plan that counts the rows that meet the condition of another plan. */
function countOf({ where }: QueryPlan): QueryPlan {
  const count = { fn: 'count', column: null, q: null, by: null, as: 'count', type: 'integer' } as const;
  return { groupBy: [], measures: [count], where, having: null, orderBy: [], limit: null };
}
