import type { Answer } from '../../analysis/analysis.ts';
import type { JsonValue, TableResult } from '../../analysis/json-values.ts';
import type { LogicalType } from '../../model/columns.ts';

type Cell = readonly [name: string, value: JsonValue, type: LogicalType];

/** The result of any analysis as columns and rows. */
export function answerTable({ name, result }: Answer): TableResult {
  switch (name) {
    case 'time_difference':
      return oneRow([
        ['time_column', result.timeColumn, 'text'],
        ['first_row_at', result.firstRowAt, timeType(result.firstRowAt)],
        ['latest_row_at', result.latestRowAt, timeType(result.latestRowAt)],
        ['seconds', result.seconds, 'number'],
        ['duration', result.duration, 'text'],
      ]);
    case 'total_rows':
      return oneRow([['total_rows', result.totalRows, 'integer']]);
    case 'time_span':
      return oneRow([
        ['time_column', result.timeColumn, 'text'],
        ['earliest_at', result.earliestAt, timeType(result.earliestAt)],
        ['latest_at', result.latestAt, timeType(result.latestAt)],
        ['seconds', result.seconds, 'number'],
        ['duration', result.duration, 'text'],
      ]);
    case 'profile': {
      const rows = result.columns.map(({ min, max, quartiles, ...column }): readonly Cell[] => [
        ['name', column.name, 'text'],
        ['type', column.type, 'text'],
        ['nulls', column.nulls, 'integer'],
        ['distinct', column.distinct, 'integer'],
        // Of the column's own type, which differs from row to row.
        ['min', min === null ? null : String(min), 'text'],
        ['max', max === null ? null : String(max), 'text'],
        ['mean', column.mean, 'number'],
        ['q1', quartiles?.q1 ?? null, 'number'],
        ['median', quartiles?.median ?? null, 'number'],
        ['q3', quartiles?.q3 ?? null, 'number'],
      ]);
      return { columns: columnsOf(rows[0] ?? []), rows: rows.map((row) => row.map(([, value]) => value)) };
    }
    case 'rows_over_time':
    case 'top_values':
    case 'query':
      return result;
  }
}

function oneRow(cells: readonly Cell[]): TableResult {
  return { columns: columnsOf(cells), rows: [cells.map(([, value]) => value)] };
}

function columnsOf(cells: readonly Cell[]): TableResult['columns'] {
  return cells.map(([name, , type]) => ({ name, type }));
}

/** Times of a table are dates or timestamps, by the type of its time column. */
function timeType(time: string | null): LogicalType {
  return time !== null && !time.includes('T') ? 'date' : 'timestamp';
}
