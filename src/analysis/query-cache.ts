import { LRUCache } from 'lru-cache';
import type { Catalog, TableForReading } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import type { CustomerId } from '../model/ids.ts';
import type { QueryPlan } from '../table-store/query-plan.ts';
import type { QueryOutcome, StoredValue, TableStore } from '../table-store/table-store.ts';
import { Admission } from './admission.ts';
import { hasSameRows } from './same-rows.ts';

/** What has to be computed from the table's rows, and how the answer is made of it. */
export interface Computation<Result extends object = object> {
  readonly plan: QueryPlan;
  readonly shape: (rows: readonly (readonly StoredValue[])[]) => Result;
  /** Tells computations with the same plan and another shape apart. */
  readonly name: string;
}

export interface ComputationsDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'query'>;
  readonly analysisMs: number;
  readonly concurrentAnalyses: number;
  readonly maxResultRows: number;
  readonly resultCacheBytes: number;
}

/** Largest result, as the engine gives it: what one answer may take in memory. */
const MOST_RESULT_BYTES = 32 * 1024 * 1024;
/** How often an analysis is begun anew because uploads were undone under it. */
const MOST_BEGINNINGS = 5;

interface Flight {
  readonly result: Promise<Computed>;
  readonly controller: AbortController;
  /** Requests that wait for it; it is cancelled when none is left. */
  waiting: number;
}

/** A result, and the state of the table that it is of. */
export interface Computed {
  readonly result: object;
  readonly table: TableForReading['table'];
}

/**
 * Computes answers from the tables' rows: each once for the same state of the table, however many ask for it at the same
 * time or later, as long as its result is kept.
 */
export class Computations {
  readonly #deps: ComputationsDeps;
  readonly #admission: Admission;
  readonly #flights = new Map<string, Flight>();
  readonly #results: LRUCache<string, Computed>;

  constructor(deps: ComputationsDeps, admission = new Admission(deps.concurrentAnalyses)) {
    this.#deps = deps;
    this.#admission = admission;
    this.#results = new LRUCache({
      maxSize: Math.max(1, deps.resultCacheBytes),
      // What stands in memory is two to three times its JSON.
      sizeCalculation: ({ result }, key) => 3 * JSON.stringify(result).length + 2 * key.length,
    });
  }

  /**
   * @param view the table as it was planned for
   * @param plan makes the computation anew where the table is another one by now
   * @param signal the sender has gone
   * @throws Problem result_too_large, result_out_of_range, analysis_timeout, analysis_too_large, too_many_analyses, table_empty
   */
  async run(
    customerId: CustomerId,
    view: TableForReading,
    plan: (view: TableForReading) => Computation,
    signal: AbortSignal,
  ): Promise<Computed> {
    const computation = plan(view);
    const key = keyOf(customerId, view, computation);
    const kept = this.#results.get(key);
    if (kept) return kept;
    const flight = this.#flights.get(key) ?? this.#begin(key, customerId, view, computation, plan);
    flight.waiting++;
    const leave = (): void => {
      if (--flight.waiting === 0) flight.controller.abort(signal.reason);
    };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await flight.result;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #begin(
    key: string,
    customerId: CustomerId,
    view: TableForReading,
    computation: Computation,
    plan: (view: TableForReading) => Computation,
  ): Flight {
    const controller = new AbortController();
    const deadline = AbortSignal.timeout(this.#deps.analysisMs);
    const result = this.#compute(customerId, view, computation, plan, controller.signal, deadline)
      .then((computed) => {
        // It may be of a later state than was asked for; then it is asked for under another key.
        if (computed.table.version === view.table.version) this.#results.set(key, computed);
        return computed;
      })
      .finally(() => {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      });
    const flight: Flight = { result, controller, waiting: 0 };
    // One that is cancelled is nobody's any more: who asks in that moment begins it anew.
    controller.signal.addEventListener('abort', () => this.#flights.delete(key), { once: true });
    this.#flights.set(key, flight);
    return flight;
  }

  async #compute(
    customerId: CustomerId,
    firstView: TableForReading,
    firstComputation: Computation,
    plan: (view: TableForReading) => Computation,
    cancelled: AbortSignal,
    deadline: AbortSignal,
  ): Promise<Computed> {
    const { catalog, tables, analysisMs, maxResultRows } = this.#deps;
    const began = performance.now();
    let view = firstView;
    let computation = firstComputation;
    for (let beginnings = 1; ; beginnings++) {
      const { uncommittedTags, lastTag, table } = view;
      const { columns, rows } = table;
      const outcome = await this.#admission
        .run(customerId, AbortSignal.any([cancelled, deadline]), () =>
          tables.query({ customerId, columns, uncommittedTags, lastTag, rows }, computation.plan, {
            maxRows: maxResultRows,
            maxBytes: MOST_RESULT_BYTES,
            deadlineMs: Math.max(1, Math.ceil(analysisMs - (performance.now() - began))),
            signal: cancelled,
          }),
        )
        .catch((error: unknown): QueryOutcome => {
          if (error === deadline.reason && deadline.aborted) return { kind: 'timed_out' };
          if (cancelled.aborted) return { kind: 'cancelled' };
          throw error;
        });
      const now = await catalog.tableForReading(customerId);
      if (hasSameRows(view, now) || !ANSWERED.has(outcome.kind)) {
        if (outcome.kind !== 'rows') throw problemOf(outcome.kind, this.#deps);
        return { result: computation.shape(outcome.rows), table: view.table };
      }
      if (!now) throw problemOf('no_table', this.#deps);
      if (beginnings === MOST_BEGINNINGS) throw problemOf('timed_out', this.#deps);
      view = now;
      computation = plan(view);
    }
  }
}

/** Outcomes that depend on which rows were there. */
const ANSWERED: ReadonlySet<QueryOutcome['kind']> = new Set(['rows', 'too_many_rows', 'too_many_bytes', 'no_table']);

/** The same for requests that mean the same: a plan holds no more than what they mean, in one order and one spelling. */
export function keyOf(
  customerId: CustomerId,
  { table, createdAt }: TableForReading,
  { name, plan }: Pick<Computation, 'name' | 'plan'>,
): string {
  const text = JSON.stringify(plan, (_, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'number' && !Number.isFinite(value) ? `${value}f` : value;
  });
  return [customerId, createdAt.getTime(), table.version, name, text].join(' ');
}

function problemOf(
  kind: Exclude<QueryOutcome['kind'], 'rows'>,
  { maxResultRows, analysisMs }: Pick<ComputationsDeps, 'maxResultRows' | 'analysisMs'>,
): Problem {
  switch (kind) {
    case 'too_many_rows':
      return new Problem('result_too_large', `The result has more than ${maxResultRows} rows.`);
    case 'too_many_bytes':
      return new Problem('result_too_large', `The result has more than ${MOST_RESULT_BYTES} bytes.`);
    case 'cancelled':
      return new Problem('analysis_timeout', 'Nobody waits for it any more, so it was ended.');
    case 'timed_out':
      return new Problem('analysis_timeout', `It was not done after ${analysisMs / 1000} s, so it was ended.`);
    case 'out_of_memory':
      return new Problem('analysis_too_large', 'The memory that DuckDB may use did not do for it.');
    case 'out_of_range':
      return new Problem(
        'result_out_of_range',
        'A deviation, sum or time in it is outside of what numbers and times can be.',
      );
    case 'no_table':
      return new Problem('table_empty', 'The table was taken away while it was read.');
  }
}
