import type { Answer } from '../../analysis/analysis.ts';
import type * as api from '../../api/analyses.ts';

export function answerJson(answer: Answer): api.Analysis {
  const { customerId, analyzeType, name, table } = answer;
  return { customer_id: customerId, analyze_type: analyzeType, name, result: resultJson(answer), table };
}

function resultJson({ name, result }: Answer): api.Analysis['result'] {
  switch (name) {
    case 'time_difference':
      return {
        time_column: result.timeColumn,
        first_row_at: result.firstRowAt,
        latest_row_at: result.latestRowAt,
        seconds: result.seconds,
        duration: result.duration,
      };
    case 'total_rows':
      return { total_rows: result.totalRows };
    case 'time_span':
      return {
        time_column: result.timeColumn,
        earliest_at: result.earliestAt,
        latest_at: result.latestAt,
        seconds: result.seconds,
        duration: result.duration,
      };
    case 'profile':
      return {
        total_rows: result.totalRows,
        columns: result.columns.map(({ distinctError, quartilesError, ...column }) => ({
          ...column,
          distinct_error: distinctError,
          quartiles_error: quartilesError,
        })),
      };
    case 'rows_over_time': {
      const { timeColumn, bucket, timeZone, columns, rows } = result;
      return { time_column: timeColumn, bucket, time_zone: timeZone, columns, rows };
    }
    case 'top_values':
    case 'query':
      return result;
  }
}
