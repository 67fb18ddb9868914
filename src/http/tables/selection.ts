import type { SelectionRequest } from '../../analysis/read-selection.ts';
import type { RowsQuery } from '../../api/rows.ts';
import type { ErrorCode } from '../../errors.ts';

/** The columns and rows that a URL selects. */
export function selectionOf({ columns, where }: Pick<RowsQuery, 'columns' | 'where'>): SelectionRequest {
  return { columns: columns === undefined ? [] : [columns].flat(), where: where === undefined ? [] : [where].flat() };
}

/** Problems of every request that reads rows. */
export const READ_PROBLEMS = [
  'table_empty',
  'table_changed',
  'table_missing',
  'column_not_found',
  'column_unsuitable',
  'value_invalid',
  'query_invalid',
  'analysis_timeout',
  'analysis_cancelled',
  'analysis_too_large',
  'engine_unavailable',
  'tables_unavailable',
] as const satisfies readonly ErrorCode[];
