import type { Analysis, RowsOverTime, TableResult } from '../../../src/api/analyses.ts';
import type { Column } from '../../../src/api/columns.ts';
import type { JsonValue } from '../../../src/api/values.ts';
import type { AnalysisRequest } from '../../data/analysis-request.ts';
import { type Chart, chartsOf } from './charts/chart.ts';
import { type QueryColumn, queryColumns } from './query-columns.ts';

/** A result that is a table, with its charts. */
export interface TabularResult {
  readonly columns: readonly QueryColumn[];
  readonly rows: readonly (readonly JsonValue[])[];
  readonly charts: readonly Chart[];
  /** Maximum errors of columns that were computed from a sample. */
  readonly errors: ReadonlyMap<string, number>;
}

/** @returns null for results of another form */
export function tabular(
  analysis: Analysis,
  request: AnalysisRequest,
  tableColumns: readonly Column[],
): TabularResult | null {
  if (!('rows' in analysis.result) || !('columns' in analysis.result)) return null;
  const result = analysis.result as TableResult;
  const columns = result.columns.map((column, index) => ({
    ...columnOf(analysis, request, tableColumns, index),
    ...column,
  }));
  return {
    columns,
    rows: result.rows,
    charts: chartsOf(columns, result.rows),
    errors: new Map((result.approximate ?? []).map(({ column, error }) => [column, error])),
  };
}

function columnOf(
  { name, result }: Analysis,
  request: AnalysisRequest,
  tableColumns: readonly Column[],
  index: number,
): Pick<QueryColumn, 'group' | 'edge'> {
  if (request.kind === 'query') {
    const { group = null, edge = null } = queryColumns(request.query, tableColumns)[index] ?? {};
    return { group, edge };
  }
  if (index > 0) return { group: null, edge: null };
  if (name !== 'rows_over_time') return { group: { column: String(request.parameters.column) }, edge: null };
  const { time_column, bucket, time_zone } = result as RowsOverTime;
  return { group: { column: time_column, bucket: bucket as 'day', time_zone }, edge: null };
}
