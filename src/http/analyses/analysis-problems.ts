import type { ErrorCode } from '../../errors.ts';

/** Problems of every request that runs an analysis. */
export const ANALYSIS_PROBLEMS = [
  'analyze_type_missing',
  'analyze_type_unknown',
  'table_empty',
  'no_time_column',
  'query_invalid',
  'column_not_found',
  'column_unsuitable',
  'value_invalid',
  'time_zone_unknown',
  'too_many_groups',
  'result_too_large',
  'result_out_of_range',
  'analysis_timeout',
  'analysis_cancelled',
  'analysis_too_large',
  'too_many_analyses',
  'table_missing',
  'engine_unavailable',
  'tables_unavailable',
] as const satisfies readonly ErrorCode[];
