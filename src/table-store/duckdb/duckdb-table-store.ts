import { join } from 'node:path';
import { EngineCancelled, type EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import type { CustomerId } from '../../table/ids.ts';
import type { QueryPlan } from '../query-plan.ts';
import type { LoadSession, QueryOutcome, TableStore, TableView } from '../table-store.ts';
import { compileQuery, isQuantile } from './compile-query.ts';
import { QuantileMemory } from './quantile-memory.ts';

type Ask = (plan: QueryPlan) => Promise<QueryOutcome>;

/** A plan that counts the rows that another one reads. */
function countOf({ where }: QueryPlan): QueryPlan {
  const count = { fn: 'count', column: null, q: null, by: null, as: 'count', type: 'integer' } as const;
  return { groupBy: [], measures: [count], where, having: null, orderBy: [], limit: null };
}

const QUANTILE_BYTES = 512 * 1024 * 1024;
/** So few values are held without a count of those that a condition leaves. */
const UNCOUNTED_VALUES = 1_000_000;

/**
 * Tables as DuckDB files, one a customer (`<directory>/<customer>.duckdb`), held by the engine process.
 *
 * @param directory a folder that the engine may write
 * @param quantileBytes what medians and quantiles may take in all, beyond the engine's memory limit
 */
export function duckdbTableStore(
  engine: EngineClient,
  directory: string,
  { quantileBytes = QUANTILE_BYTES } = {},
): TableStore {
  const fileOf = (customerId: CustomerId): string => join(directory, `${customerId}.duckdb`);
  const quantiles = new QuantileMemory(quantileBytes);

  /** How many values the quantiles of a plan are of, at most. */
  async function quantileValues(view: TableView, plan: QueryPlan, ask: Ask): Promise<number> {
    const columns = new Set(plan.measures.filter(isQuantile).map(({ column }) => column?.name)).size;
    const most = columns * (view.rows ?? Number.POSITIVE_INFINITY);
    if (columns === 0 || most <= UNCOUNTED_VALUES || (plan.where === null && most < Number.POSITIVE_INFINITY)) {
      return columns === 0 ? 0 : most;
    }
    const counted = await ask(countOf(plan));
    return counted.kind === 'rows' ? columns * Number(counted.rows[0]?.[0] ?? 0) : 0;
  }

  return {
    async query(view, plan, { signal, deadlineMs, maxRows, maxBytes }) {
      const database = fileOf(view.customerId);
      const ends = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
      const ask: Ask = (each) => {
        const { sql, params } = compileQuery(each, { ...view, table: tableName(database) });
        return engine.call('query', { database, sql, params, maxRows, maxBytes }, { signal: ends });
      };
      try {
        const values = await quantileValues(view, plan, ask);
        if (!quantiles.holds(values)) return { kind: 'out_of_memory' };
        return await (values === 0 ? ask(plan) : quantiles.run(values, ends, () => ask(plan)));
      } catch (error) {
        if (!(error instanceof EngineCancelled) && !ends.aborted) throw error;
        return { kind: signal.aborted ? 'cancelled' : 'timed_out' };
      }
    },
    async begin({ customerId, tag, columns, reading, timeColumn, create, exact }): Promise<LoadSession> {
      const database = fileOf(customerId);
      await engine.call('begin_load', { database, columns, create });
      let quick = true;
      return {
        append: async (source, options) => {
          const params = { database, tag, reading, source, exact, quick };
          const appended = await engine.call('append', params, options);
          // A file with unusual values, such as empty ones, has them everywhere.
          quick = appended.quick;
          return appended.rows;
        },
        commit: () => engine.call('end_load', { database, tag, timeColumn }),
        rollBack: async () => {
          await engine.call(create ? 'drop' : 'purge', { database, tags: [tag] });
        },
      };
    },
    purge: async (customerId, tags) => {
      await engine.call('purge', { database: fileOf(customerId), tags });
    },
    drop: async (customerId) => {
      await engine.call('drop', { database: fileOf(customerId) });
    },
  };
}
