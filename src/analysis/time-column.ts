import type { TableState } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import type { Column } from '../model/columns.ts';
import { reasonsForText } from './reasons-for-text.ts';

/** @returns the time column of a table. @throws Problem no_time_column */
export function timeColumnOf({ columns, timeColumn }: Pick<TableState, 'columns' | 'timeColumn'>): Column {
  const column = columns.find(({ name }) => name === timeColumn);
  if (column) return { name: column.name, type: column.type };
  const listed = columns.map(({ name, type }) => `${name} (${type})`).join(', ');
  const { detail, extra } = reasonsForText(columns, ['date', 'timestamp']);
  throw new Problem(
    'no_time_column',
    `The table has no date or timestamp column. Its columns are: ${listed}.${detail}`,
    { columns: columns.map(({ name, type }) => ({ name, type })), ...extra },
  );
}
