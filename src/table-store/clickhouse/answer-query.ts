import { rowBytes } from '../../engine/engine-value.ts';
import { outputsOf, type QueryPlan } from '../query-plan.ts';
import { type CompiledQuery, compileQuery } from '../sql/compile-query.ts';
import { compileRanges, rangesOf } from '../sql/compile-ranges.ts';
import { compileSampleSizes } from '../sql/compile-sample-sizes.ts';
import type { PlanFacts } from '../sql/dialect.ts';
import { answerInParts, type PartLimits } from '../sql/query-parts.ts';
import { EXACT_VALUES, samplesOf, withErrors } from '../sql/samples.ts';
import type { CountedView, QueryLimits, QueryOutcome, StoredValue } from '../table-store.ts';
import { CLICKHOUSE } from './clickhouse-dialect.ts';
import { type ClickhouseShard, type StatementSettings, WHOLE } from './clickhouse-shard.ts';
import type { ExtremeColumns } from './extreme-columns.ts';
import { followProgress } from './query-progress.ts';
import { endOf } from './read-failure.ts';
import { readRows, streamRows } from './reading.ts';
import { storedValue } from './result-values.ts';

/** Values take more space in ClickHouse's result than they are counted for: up to this many times. */
const SERVER_BYTES = 8;
/**
 * Servers plan a query for longer than in proportion to its measures: a profile of 1,000 columns took 40 processor seconds on two shards, and in parts 9. Many
 * more parts take longer again, since each of them looks at all columns of the table.
 */
const MAX_MEASURES = 400;
/** Compiling the measures of a wide table takes longer than it saves, and is done when they are asked for the third time. */
const NOT_COMPILED: StatementSettings = { compile_aggregate_expressions: 0 };

export interface QueryDeps {
  readonly shard: ClickhouseShard;
  /** What is read of the table in SQL. */
  readonly table: string;
  /** Of all statements. */
  readonly settings: StatementSettings;
  readonly extremes: ExtremeColumns;
}

/** Runs a query, once the facts that it needs are known. */
export async function answerQuery(
  deps: QueryDeps,
  view: CountedView,
  plan: QueryPlan,
  limits: QueryLimits,
): Promise<QueryOutcome> {
  const isWide = plan.measures.length > MAX_MEASURES;
  const settings = { ...deps.settings, ...(isWide && NOT_COMPILED) };
  return answerInParts(plan, limits, { maxMeasures: MAX_MEASURES, rowBytes }, (part, ofPart) =>
    answerPart({ ...deps, settings }, view, part, ofPart),
  );
}

async function answerPart(
  { shard, table, settings, extremes }: QueryDeps,
  view: CountedView,
  plan: QueryPlan,
  { signal, ends, deadlineMs, maxRows, maxBytes, onProgress }: PartLimits,
): Promise<QueryOutcome> {
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
    const [ranges, sizes] = await Promise.all([
      look(compileRanges(CLICKHOUSE, plan, rows)),
      look(view.rows <= EXACT_VALUES ? null : compileSampleSizes(CLICKHOUSE, plan, rows)),
    ]);
    const samples = samplesOf(plan, sizes);
    const facts: PlanFacts = { ranges: rangesOf(plan, view, ranges), samples, extremes: extremes.of(view) };
    const limits = {
      max_result_rows: maxRows,
      max_result_bytes: SERVER_BYTES * maxBytes + 1024 * 1024,
    };
    const run = (known: PlanFacts): Promise<QueryOutcome> => {
      const query = statement(compileQuery(CLICKHOUSE, plan, rows, known), { ...limits, ...WHOLE });
      return followProgress(shard, onProgress, ends, (queryId) =>
        collect(streamRows(shard, { ...query, queryId }, ends), plan, maxRows, maxBytes),
      );
    };
    const outcome = await run(facts).catch((error: unknown) => {
      if (endOf(error, signal, ends) !== 'out_of_range') throw error;
      const names = plan.measures.flatMap(({ column }) => (column?.type === 'number' ? column.name : []));
      return run({ ...facts, extremes: extremes.add(view, names) });
    });
    return outcome.kind === 'rows' ? withErrors(outcome, plan, samples) : outcome;
  } catch (error) {
    return { kind: endOf(error, signal, ends) };
  }
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
