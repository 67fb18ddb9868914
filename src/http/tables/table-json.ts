import { timeValue } from '../../analysis/json-values.ts';
import type * as api from '../../api/tables.ts';
import type { Micros, TableState } from '../../catalog/table-state.ts';
import { columnJson } from './column-json.ts';

/** Times are rendered by the type of the time column. */
export function tableJson(table: TableState): api.TableState {
  const timeColumn = table.columns.find(({ name }) => name === table.timeColumn);
  const time = (micros: Micros | null) => timeValue(micros, timeColumn?.type ?? 'timestamp');
  return {
    columns: table.columns.map(columnJson),
    time_column: table.timeColumn,
    rows: table.rows,
    version: table.version,
    first_row_at: time(table.firstRowAt),
    earliest_at: time(table.earliestAt),
    latest_at: time(table.latestAt),
  };
}
