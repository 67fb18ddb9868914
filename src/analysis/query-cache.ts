import { LRUCache } from 'lru-cache';
import type { Catalog } from '../catalog/catalog.ts';
import { hasSameRows, type TableForReading, type TableState } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import type { CustomerId } from '../model/ids.ts';
import { tableEmpty } from '../model/not-found.ts';
import type { QueryPlan } from '../table-store/query-plan.ts';
import type { CountedView, QueryOutcome, StoredValue, TableStore } from '../table-store/table-store.ts';
import { type AnalysisSlots, timeLimit } from './analysis-slots.ts';
import { identityOf } from './identity.ts';
import { incompleteRead } from './incomplete-read.ts';
import { readTable } from './read-table.ts';
import type { OnQuery } from './running-analyses.ts';

/** A plan, and how its rows become a result. */
export interface PlannedQuery<Result extends object = object> {
  /** Distinguishes queries with the same plan but another result. */
  readonly name: string;
  readonly plan: QueryPlan;
  readonly shape: (rows: readonly (readonly StoredValue[])[], errors?: readonly (number | null)[]) => Result;
}

/** A result, and the state of the table that it was computed from. */
export interface ComputedResult {
  readonly result: object;
  readonly table: TableForReading['table'];
}

export interface QueryCacheDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'query'>;
  readonly analysisMs: number;
  readonly maxResultRows: number;
  readonly resultCacheBytes: number;
}

/** Limits what one result takes in memory, as the engine sends it. */
const MAX_RESULT_BYTES = 32 * 1024 * 1024;
/** How often a query is run if uploads are undone while it runs. */
const MAX_RUNS = 5;

/** A query that is waiting for a slot or running. */
interface Pending {
  readonly result: Promise<ComputedResult>;
  readonly controller: AbortController;
  /** Requests that wait for the result; the query is cancelled when none is left. */
  requests: number;
  readonly progress: { fractionDone: number | null };
}

/**
 * Runs queries and keeps their results. For one state of a table each query runs once: concurrent requests share the run, later
 * ones get the result as long as it is kept.
 */
export class QueryCache {
  readonly #deps: QueryCacheDeps;
  readonly #slots: AnalysisSlots;
  readonly #pending = new Map<string, Pending>();
  readonly #results: LRUCache<string, ComputedResult>;

  constructor(deps: QueryCacheDeps, slots: AnalysisSlots) {
    this.#deps = deps;
    this.#slots = slots;
    this.#results = new LRUCache({
      maxSize: Math.max(1, deps.resultCacheBytes),
      // In memory a result takes two to three times the size of its JSON.
      sizeCalculation: ({ result }, key) => 3 * JSON.stringify(result).length + 2 * key.length,
    });
  }

  /**
   * @param view the current state of the table
   * @param planFor plans the query, again if the table changes during the run
   * @param signal aborts when the client disconnects or cancels the analysis
   * @param onQuery is called if the result has to be computed
   * @throws Problem result_too_large, result_out_of_range, analysis_timeout, analysis_cancelled, analysis_too_large,
   *   too_many_analyses, table_empty
   */
  async run(
    customerId: CustomerId,
    view: TableForReading,
    planFor: (view: TableForReading) => PlannedQuery,
    signal: AbortSignal,
    onQuery: OnQuery = () => undefined,
  ): Promise<ComputedResult> {
    const query = planFor(view);
    const key = identityOf(customerId, view, query.name, query.plan);
    const kept = this.#results.get(key);
    if (kept) return kept;
    const pending = this.#pending.get(key) ?? this.#start(key, customerId, view, query, planFor);
    pending.requests++;
    onQuery(() => pending.progress.fractionDone);
    const leave = (): void => {
      if (--pending.requests === 0) pending.controller.abort(signal.reason);
    };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await pending.result;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #start(
    key: string,
    customerId: CustomerId,
    view: TableForReading,
    query: PlannedQuery,
    planFor: (view: TableForReading) => PlannedQuery,
  ): Pending {
    const controller = new AbortController();
    const progress: Pending['progress'] = { fractionDone: null };
    const result = this.#compute(customerId, view, query, planFor, controller.signal, progress)
      .then((computed) => {
        // A result of a later state is not what this key stands for.
        if (computed.table.version === view.table.version) this.#results.set(key, computed);
        return computed;
      })
      .finally(() => {
        if (this.#pending.get(key) === pending) this.#pending.delete(key);
      });
    const pending: Pending = { result, controller, requests: 0, progress };
    // No request joins a cancelled query: it starts another one.
    controller.signal.addEventListener('abort', () => this.#pending.delete(key), { once: true });
    this.#pending.set(key, pending);
    return pending;
  }

  async #compute(
    customerId: CustomerId,
    firstView: TableForReading,
    firstQuery: PlannedQuery,
    planFor: (view: TableForReading) => PlannedQuery,
    signal: AbortSignal,
    progress: Pending['progress'],
  ): Promise<ComputedResult> {
    const { catalog, tables, analysisMs, maxResultRows } = this.#deps;
    const limit = timeLimit(analysisMs);
    let view = firstView;
    let query = firstQuery;
    for (let runs = 1; ; runs++) {
      const { uncommittedTags, lastTag, table } = view;
      const { tableId, columns, rows } = table;
      const timeRange = timeRangeOf(table);
      const read = (): Promise<QueryOutcome> =>
        this.#slots.run(customerId, limit, signal, (limits) =>
          tables.query({ customerId, tableId, columns, uncommittedTags, lastTag, rows, timeRange }, query.plan, {
            ...limits,
            maxRows: maxResultRows,
            maxBytes: MAX_RESULT_BYTES,
            onProgress: (fractionDone) => {
              progress.fractionDone = fractionDone;
            },
          }),
        );
      const { outcome, now } = await readTable(catalog, customerId, view, read);
      if (outcome && (hasSameRows(view, now) || !DEPENDS_ON_ROWS.has(outcome.kind))) {
        if (outcome.kind !== 'rows') throw incompleteQuery(outcome.kind, this.#deps);
        return { result: query.shape(outcome.rows, outcome.errors), table };
      }
      if (!now) throw tableEmpty(customerId);
      if (runs === MAX_RUNS) throw incompleteRead('timed_out', analysisMs);
      view = now;
      query = planFor(view);
    }
  }
}

/** Outcomes that may be different if rows were removed during the run. */
const DEPENDS_ON_ROWS: ReadonlySet<QueryOutcome['kind']> = new Set(['rows', 'too_many_rows', 'too_many_bytes']);

function incompleteQuery(
  kind: Exclude<QueryOutcome['kind'], 'rows' | 'no_table'>,
  { maxResultRows, analysisMs }: Pick<QueryCacheDeps, 'maxResultRows' | 'analysisMs'>,
): Problem {
  switch (kind) {
    case 'too_many_rows':
      return new Problem('result_too_large', `The result has more than ${maxResultRows} rows.`);
    case 'too_many_bytes':
      return new Problem('result_too_large', `The result has more than ${MAX_RESULT_BYTES} bytes.`);
    case 'out_of_range':
      return new Problem('result_out_of_range', 'A standard deviation, sum or time in the result is out of range.');
    default:
      return incompleteRead(kind, analysisMs);
  }
}

function timeRangeOf({ timeColumn, earliestAt, latestAt }: TableState): CountedView['timeRange'] {
  if (timeColumn === null || earliestAt === null || latestAt === null) return null;
  return { column: timeColumn, earliest: earliestAt, latest: latestAt };
}
