import { randomUUID } from 'node:crypto';
import type { Catalog } from '../catalog/catalog.ts';
import type { TableForReading } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import type { Column } from '../model/columns.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import { tableEmpty } from '../model/not-found.ts';
import type { TableStore, TypedFormat } from '../table-store/table-store.ts';
import { AllRunningAnalyses, type AllRunningAnalysesDeps } from './all-running-analyses.ts';
import { AnalysisSlots } from './analysis-slots.ts';
import { findAnalyzeType } from './analyze-types.ts';
import { COMPUTED_ANSWERS, type Profile, type RowsOverTime } from './computed-answers.ts';
import { ExportFiles, type ExportFilesDeps } from './export-files.ts';
import { identityOf } from './identity.ts';
import { type TableResult, tableResult } from './json-values.ts';
import { planQuery } from './plan-query.ts';
import {
  PRECOMPUTED_AGGREGATES,
  precomputedAggregate,
  type TimeDifference,
  type TimeSpan,
  type TotalRows,
} from './precomputed-aggregates.ts';
import { type PlannedQuery, QueryCache, type QueryCacheDeps } from './query-cache.ts';
import { RequestPart } from './request-part.ts';
import { RowPages, type RowPagesDeps } from './row-pages.ts';
import { RunningAnalyses } from './running-analyses.ts';
import { storedRows } from './stored-values.ts';
import { TableExports, type TableExportsDeps } from './table-exports.ts';

/** The result of each analyze type and of a query, by its name. */
interface Results {
  readonly time_difference: TimeDifference;
  readonly total_rows: TotalRows;
  readonly time_span: TimeSpan;
  readonly profile: Profile;
  readonly rows_over_time: RowsOverTime;
  readonly top_values: TableResult;
  readonly query: TableResult;
}

interface AnswerOf<Name extends keyof Results> {
  readonly customerId: CustomerId;
  /** The number of the analyze type; null for a query. */
  readonly analyzeType: number | null;
  readonly name: Name;
  readonly result: Results[Name];
  /** The state of the table that the result was computed from. */
  readonly table: { readonly rows: number; readonly version: number };
}

/** The answer to an analysis; `name` determines the type of its result. */
export type Answer = { readonly [Name in keyof Results]: AnswerOf<Name> }[keyof Results];

/** A request as parsed from JSON, or made once the columns of the table are known. */
export type AnalysisBody =
  | Readonly<Record<string, unknown>>
  | ((columns: readonly Column[]) => Readonly<Record<string, unknown>>);

/** An analysis that has been checked against the table. */
export interface PreparedAnalysis {
  /** Requests with the same identity have the same result. */
  readonly identity: string;
  readonly version: number;
  /** When the table changed for the last time; null if that is not known. */
  readonly changedAt: Date | null;
  /** The version of the answer is later if an upload is undone in the meantime. */
  answer(disconnected: () => AbortSignal, id?: string): Promise<Answer>;
}

export interface Analysis {
  /**
   * @param body of the request, as parsed from JSON
   * @param disconnected returns a signal that aborts when the client disconnects, which cancels the query. Called only if a
   *   query is needed
   * @param id under which the analysis is listed while it runs. Default: a new one
   * @throws Problem analyze_type_missing, analyze_type_unknown, bad_request, table_empty, no_time_column, and those of
   *   `planQuery`, `RunningAnalyses.run` and `QueryCache.run`
   */
  answer(
    access: CustomerAccess,
    body: Readonly<Record<string, unknown>>,
    disconnected: () => AbortSignal,
    id?: string,
  ): Promise<Answer>;
  /**
   * Checks a request without running it.
   *
   * @throws Problem as `answer`, before the query
   */
  prepare(access: CustomerAccess, body: AnalysisBody): Promise<PreparedAnalysis>;
  /** Writes a result in a format with typed columns. */
  encode(result: TableResult, format: TypedFormat, signal: AbortSignal): Promise<Uint8Array>;
  readonly running: Pick<AllRunningAnalyses, 'list' | 'find' | 'cancel'>;
  readonly pages: Pick<RowPages, 'page'>;
  readonly exports: Pick<TableExports, 'prepare'>;
  /** Exports on disk. */
  readonly files: Pick<ExportFiles, 'has' | 'open'>;
  close(): Promise<void>;
}

export interface AnalysisDeps
  extends QueryCacheDeps,
    TableExportsDeps,
    RowPagesDeps,
    ExportFilesDeps,
    AllRunningAnalysesDeps {
  readonly catalog: AllRunningAnalysesDeps['catalog'] & Pick<Catalog, 'tableForReading' | 'committedRows'>;
  readonly tables: Pick<TableStore, 'query' | 'rows' | 'export' | 'encode'>;
  readonly concurrentAnalyses: number;
}

/**
 * How an analysis flows: request → type or query → the table's state from the catalog → a precomputed aggregate, or a plan
 * (`plan-query.ts`, `computed-answers.ts`) → a cached result, or one computed by the table store (`query-cache.ts`).
 */
export function createAnalysis(deps: AnalysisDeps): Analysis {
  const { catalog, maxResultRows } = deps;
  const files = new ExportFiles(deps);
  const slots = new AnalysisSlots(deps.concurrentAnalyses);
  const cache = new QueryCache(deps, slots);
  const running = new RunningAnalyses();
  const all = new AllRunningAnalyses(running, deps);

  function planner(request: ComputedRequest): (view: TableForReading) => PlannedQuery {
    if (request.name !== 'query') return ({ table }) => COMPUTED_ANSWERS[request.name](request.part, table);
    return ({ table }) => {
      const plan = planQuery(request.part, table, maxResultRows);
      return { name: request.name, plan, shape: (rows) => tableResult(plan, rows) };
    };
  }

  async function prepare(access: CustomerAccess, body: AnalysisBody): Promise<PreparedAnalysis> {
    const { customerId } = access;
    const given = typeof body === 'function' ? null : readRequest(body);
    const view = await catalog.tableForReading(customerId);
    if (!view) throw tableEmpty(customerId);
    const request = given ?? readRequest(typeof body === 'function' ? body(view.table.columns) : body);
    const { number, name } = request;
    const planFor = 'part' in request ? planner(request) : null;
    const { changedAt, table: current } = view;
    return {
      version: current.version,
      changedAt,
      identity: identityOf(customerId, view, name, planFor?.(view).plan ?? {}),
      async answer(disconnected, id = randomUUID()) {
        const { result, table } =
          'part' in request && planFor
            ? await running.run(access, { id, name }, disconnected(), (signal, onQuery) =>
                cache.run(customerId, view, planFor, signal, onQuery),
              )
            : { result: precomputedAggregate(name as PrecomputedRequest['name'], current), table: current };
        // The compiler cannot see through the query cache that the result belongs to the name.
        const answer = {
          customerId,
          analyzeType: number,
          name,
          result,
          table: { rows: table.rows, version: table.version },
        };
        return answer as Answer;
      },
    };
  }

  return {
    pages: new RowPages(deps, slots),
    exports: new TableExports(deps),
    files,
    running: all,
    async close() {
      await all.close();
      await files.close();
    },
    prepare,
    encode: (result, format, signal) =>
      deps.tables.encode({ columns: result.columns, rows: storedRows(result) }, format, signal),
    async answer(access, body, disconnected, id) {
      const { answer } = await prepare(access, body);
      return answer(disconnected, id);
    },
  };
}

interface PrecomputedRequest {
  readonly number: number;
  readonly name: keyof typeof PRECOMPUTED_AGGREGATES;
}

type ComputedRequest =
  | { readonly number: null; readonly name: 'query'; readonly part: RequestPart }
  | { readonly number: number; readonly name: keyof typeof COMPUTED_ANSWERS; readonly part: RequestPart };

function isPrecomputed(name: string): name is keyof typeof PRECOMPUTED_AGGREGATES {
  return Object.hasOwn(PRECOMPUTED_AGGREGATES, name);
}

function readRequest(body: Readonly<Record<string, unknown>>): PrecomputedRequest | ComputedRequest {
  const part = new RequestPart(body, '');
  if (body.query === undefined) {
    const { number, name } = findAnalyzeType(body);
    if (!isPrecomputed(name)) return { number, name, part };
    part.object(['customer_id', 'analyze_type', 'analyzer_type']);
    return { number, name };
  }
  if (body.analyze_type !== undefined || body.analyzer_type !== undefined) {
    throw new Problem('bad_request', 'The request has both an analyze_type and a query. Send one of them.');
  }
  const { query } = part.object(['customer_id', 'query']);
  return { number: null, name: 'query', part: query as RequestPart };
}
