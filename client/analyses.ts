import type {
  Analysis,
  Profile,
  RowsOverTime,
  TableResult,
  TimeDifference,
  TimeSpan,
  TotalRows,
} from '../src/api/analyses.ts';
import type { AnalyzeTypeName, RowsOverTimeParameters, TopValuesParameters } from '../src/api/analyze-types.ts';
import type { Query } from '../src/api/queries.ts';
import type { RunningAnalysis, RunningAnalysisList } from '../src/api/running-analyses.ts';
import type { JsonValue } from '../src/api/values.ts';
import type { Connection } from './connection.ts';

/** The result of each type of analysis. */
export interface Results {
  readonly time_difference: TimeDifference;
  readonly total_rows: TotalRows;
  readonly time_span: TimeSpan;
  readonly profile: Profile;
  readonly rows_over_time: RowsOverTime;
  readonly top_values: TableResult;
  readonly query: TableResult;
}

/** The parameters of the types that have some. */
interface Parameters {
  readonly rows_over_time: RowsOverTimeParameters;
  readonly top_values: TopValuesParameters;
}

type ParametersOf<Name extends string> = Name extends keyof Parameters ? Parameters[Name] : Record<never, never>;

/** The answer to an analysis of a type that is known when the program is written. */
export type AnalysisOf<Name extends keyof Results> = Omit<Analysis, 'name' | 'result'> & {
  readonly name: Name;
  readonly result: Results[Name];
};

export interface AnalysisOptions {
  /** A new UUID, under which the analysis is listed while it runs. */
  readonly id?: string | undefined;
  /** Aborting it cancels the analysis on the server, too. */
  readonly signal?: AbortSignal | undefined;
}

export interface Analyses {
  /** An analysis by the name of its type. */
  analyze<Name extends AnalyzeTypeName>(
    customerId: string,
    type: Name,
    parameters?: ParametersOf<Name>,
    options?: AnalysisOptions,
  ): Promise<AnalysisOf<Name>>;
  /** An analysis by the number of its type, or by a name that is known only when the program runs. */
  analyze(
    customerId: string,
    type: string | number,
    parameters?: Readonly<Record<string, unknown>>,
    options?: AnalysisOptions,
  ): Promise<Analysis>;
  query(customerId: string, query: Query, options?: AnalysisOptions): Promise<AnalysisOf<'query'>>;
  /** The analyses with an ID that are running or waiting, with their progress. */
  runningAnalyses(customerId: string, options?: Pick<AnalysisOptions, 'signal'>): Promise<readonly RunningAnalysis[]>;
  /** Cancels a running analysis: its caller gets the problem `analysis_cancelled`. */
  cancelAnalysis(customerId: string, id: string): Promise<void>;
}

export function analyses(connection: Connection): Analyses {
  const ask = <Body>(json: object, { id, signal }: AnalysisOptions): Promise<Body> =>
    connection.json('/api/v1/analyze/', {
      method: 'POST',
      json,
      ...(id !== undefined && { headers: { 'thena-analysis-id': id } }),
      signal,
    });
  const path = (customerId: string): string => `/api/v1/customers/${encodeURIComponent(customerId)}/analyses`;
  return {
    analyze: <Body>(customerId: string, type: string | number, parameters = {}, options: AnalysisOptions = {}) =>
      ask<Body>({ ...parameters, customer_id: customerId, analyze_type: type }, options),
    query: (customerId, query, options = {}) => ask({ customer_id: customerId, query }, options),
    async runningAnalyses(customerId, { signal } = {}) {
      return (await connection.json<RunningAnalysisList>(path(customerId), { signal })).items;
    },
    async cancelAnalysis(customerId, id) {
      await connection.send(`${path(customerId)}/${encodeURIComponent(id)}`, { method: 'DELETE' });
    },
  };
}

/** A row with the names of its columns. */
export type RowRecord = Readonly<Record<string, JsonValue>>;

/** The rows of a result or of a page of rows, as objects. */
export function recordsOf({
  columns,
  rows,
}: {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
}): readonly RowRecord[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
}
