import type { Catalog, TableForReading } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import { tableEmpty } from '../model/not-found.ts';
import type { TableStore } from '../table-store/table-store.ts';
import { Admission } from './admission.ts';
import { findAnalyzeType } from './analyze-types.ts';
import { COMPUTED_ANSWERS, type Profile, type RowsOverTime } from './computed-answers.ts';
import { type TableResult, tableResult } from './json-values.ts';
import { planQuery } from './plan-query.ts';
import {
  STANDING_ANSWERS,
  standingAnswer,
  type TimeDifference,
  type TimeSpan,
  type TotalRows,
} from './precomputed-aggregates.ts';
import { type Computation, Computations, type ComputationsDeps } from './query-cache.ts';
import { RequestPart } from './request-part.ts';
import { RowPages, type RowPagesDeps } from './row-pages.ts';
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

export interface Analysis {
  /**
   * @param body of the request, as JSON gave it
   * @param gone gives what aborts when the sender has gone: nothing more is computed for it then. Not asked for where nothing is
   *   computed
   * @throws Problem analyze_type_missing, analyze_type_unknown, bad_request, table_empty, no_time_column, and those of
   *   `planQuery` and `Computations.run`
   */
  answer(access: CustomerAccess, body: Readonly<Record<string, unknown>>, gone: () => AbortSignal): Promise<Answer>;
  readonly pages: Pick<RowPages, 'page'>;
  readonly exports: Pick<TableExports, 'begin'>;
}

export interface AnalysisDeps extends ComputationsDeps, TableExportsDeps, RowPagesDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'query' | 'rows' | 'export'>;
}

/**
 * The way of an analysis: request → type or query → the table's state in the catalog → a standing answer, or a plan
 * (`plan-query.ts`, `computed-answers.ts`) → a result that is kept, or one computed by the table store (`computations.ts`).
 */
export function createAnalysis(deps: AnalysisDeps): Analysis {
  const { catalog, maxResultRows } = deps;
  const admission = new Admission(deps.concurrentAnalyses);
  const computations = new Computations(deps, admission);
  return {
    pages: new RowPages(deps, admission),
    exports: new TableExports(deps),
    async answer({ customerId }, body, gone) {
      const asked = readRequest(body);
      const view = await catalog.tableForReading(customerId);
      if (!view) throw tableEmpty(customerId);
      const { number, name } = asked;
      // Each name has its own computation, which the compiler cannot see through the query cache.
      const answered = (result: object, { rows, version }: TableForReading['table']) =>
        ({ customerId, analyzeType: number, name, result, table: { rows, version } }) as Answer;
      if (asked.name === 'query') {
        const compute = ({ table }: TableForReading): Computation => {
          const plan = planQuery(asked.query, table, maxResultRows);
          return { name, plan, shape: (rows) => tableResult(plan, rows) };
        };
        const { result, table } = await computations.run(customerId, view, compute, gone());
        return answered(result, table);
      }
      if (isStanding(asked.name)) return answered(standingAnswer(asked.name, view.table), view.table);
      const computed = COMPUTED_ANSWERS[asked.name];
      const compute = ({ table }: TableForReading): Computation => computed(asked.request, table);
      const { result, table } = await computations.run(customerId, view, compute, gone());
      return answered(result, table);
    },
  };
}

type Asked =
  | { readonly number: null; readonly name: 'query'; readonly query: RequestPart }
  | {
      readonly number: number;
      readonly name: keyof typeof STANDING_ANSWERS | keyof typeof COMPUTED_ANSWERS;
      readonly request: RequestPart;
    };

function isStanding(name: string): name is keyof typeof STANDING_ANSWERS {
  return Object.hasOwn(STANDING_ANSWERS, name);
}

function readRequest(body: Readonly<Record<string, unknown>>): Asked {
  const request = new RequestPart(body, '');
  if (body.query === undefined) {
    const { number, name } = findAnalyzeType(body);
    if (isStanding(name)) request.object(['customer_id', 'analyze_type', 'analyzer_type']);
    return { number, name, request };
  }
  if (body.analyze_type !== undefined || body.analyzer_type !== undefined) {
    throw new Problem('bad_request', 'The request has an analyze_type and a query; it can ask for one of them.');
  }
  const { query } = request.object(['customer_id', 'query']);
  return { number: null, name: 'query', query: query as RequestPart };
}
