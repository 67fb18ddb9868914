import { outputsOf, type QueryPlan } from '../query-plan.ts';
import { type CompiledQuery, compileFacts, compileQuery } from '../sql/compile-query.ts';
import { compileRanges, rangesOf } from '../sql/compile-ranges.ts';
import { compileSampleSizes } from '../sql/compile-sample-sizes.ts';
import type { PlanFacts } from '../sql/dialect.ts';
import { EXACT_VALUES, samplesOf, withErrors } from '../sql/samples.ts';
import type { CountedView, QueryLimits, QueryOutcome, StoredValue } from '../table-store.ts';
import { CLICKHOUSE } from './clickhouse-dialect.ts';
import type { ClickhouseShard, StatementSettings } from './clickhouse-shard.ts';
import { quantileColumns } from './measures.ts';
import { followProgress } from './query-progress.ts';
import { endOf } from './read-failure.ts';
import { readRows, streamRows } from './reading.ts';
import { rowBytes, storedValue } from './result-values.ts';

/** The difference of two numbers up to here is finite. */
const GREATEST_PLAIN = '1e300';
/** Values take more space in ClickHouse's result than they are counted for: up to this many times. */
const SERVER_BYTES = 8;

/**
 * Runs a query, once the facts that it needs are known.
 *
 * @param table what is read of the table in SQL
 * @param settings of all statements
 */
export async function answerQuery(
  shard: ClickhouseShard,
  table: string,
  settings: StatementSettings,
  view: CountedView,
  plan: QueryPlan,
  { signal, deadlineMs, maxRows, maxBytes, onProgress }: QueryLimits,
): Promise<QueryOutcome> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  const rows = { ...view, table };
  const statement = (compiled: CompiledQuery, limits: StatementSettings = {}) => ({
    ...compiled,
    settings: { ...settings, max_execution_time: Math.ceil(deadlineMs / 1000) + 1, ...limits },
  });
  const look = async (compiled: CompiledQuery | null): Promise<readonly StoredValue[]> => {
    if (!compiled) return [];
    const [row = []] = await readRows(shard, statement(compiled), ends);
    return row.map(factValue);
  };
  try {
    const columns = quantileColumns(plan);
    const [ranges, sizes, extremes] = await Promise.all([
      look(compileRanges(CLICKHOUSE, plan, rows)),
      look(view.rows <= EXACT_VALUES ? null : compileSampleSizes(CLICKHOUSE, plan, rows)),
      look(compileFacts(CLICKHOUSE, plan, rows, columns, extremesSql)),
    ]);
    const samples = samplesOf(plan, sizes);
    const facts: PlanFacts = {
      ranges: rangesOf(plan, view, ranges),
      samples,
      extremes: new Set(columns.flatMap(({ name }, index) => (extremes[index] === 0n ? [] : [name]))),
    };
    const limits = {
      max_result_rows: maxRows,
      max_result_bytes: SERVER_BYTES * maxBytes + 1024 * 1024,
    };
    const run = (known: PlanFacts): Promise<QueryOutcome> => {
      const query = statement(compileQuery(CLICKHOUSE, plan, rows, known), { ...limits, wait_end_of_query: 1 });
      return followProgress(shard, onProgress, ends, (queryId) =>
        collect(streamRows(shard, { ...query, queryId }, ends), plan, maxRows, maxBytes),
      );
    };
    const outcome = await run(facts).catch((error: unknown) => {
      if (endOf(error, signal, ends) !== 'out_of_range') throw error;
      // The usual deviation of large numbers may be NaN where the exact one is finite.
      const names = plan.measures.flatMap(({ column }) => column?.name ?? []);
      return run({ ...facts, extremes: new Set(names) });
    });
    return outcome.kind === 'rows' ? withErrors(outcome, plan, samples) : outcome;
  } catch (error) {
    return { kind: endOf(error, signal, ends) };
  }
}

/** How many values are not finite, or so large that their difference may not be. */
function extremesSql(value: string): readonly string[] {
  return [`countIf(NOT (abs(${value}) < ${GREATEST_PLAIN}))`];
}

/** Facts are integers, which are texts, or numbers. */
function factValue(value: unknown): StoredValue {
  return typeof value === 'string' ? BigInt(value) : (value as number | null);
}

async function collect(
  found: AsyncIterable<readonly unknown[]>,
  plan: QueryPlan,
  maxRows: number,
  maxBytes: number,
): Promise<QueryOutcome> {
  const types = outputsOf(plan).map(({ type }) => type);
  const rows: (readonly StoredValue[])[] = [];
  let bytes = 0;
  for await (const each of found) {
    const row = types.map((type, index) => storedValue(each[index], type));
    bytes += rowBytes(row);
    if (rows.length === maxRows) return { kind: 'too_many_rows' };
    if (bytes > maxBytes) return { kind: 'too_many_bytes' };
    rows.push(row);
  }
  return { kind: 'rows', rows };
}
