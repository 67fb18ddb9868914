import { checkColumnNames } from '../../csv/column-names.ts';
import { Problem } from '../../errors.ts';
import type { Column, ColumnFormat } from '../../model/columns.ts';
import { DATE_FORMATS, TIMESTAMP_FORMATS } from '../../model/time-formats.ts';

/**
 * Checks the columns that a customer is created with, by the same rules as the columns of a file.
 *
 * @throws Problem too_many_columns, column_name_invalid, duplicate_column, time_format_unknown, time_column_unknown
 */
export function checkDeclaration(
  declared: { readonly timeColumn: string | null; readonly columns: readonly ColumnFormat[] | null },
  maxColumns: number,
): void {
  const { timeColumn, columns } = declared;
  if (columns === null) return;
  if (columns.length > maxColumns) {
    const detail = `${columns.length} columns are declared; a table may have at most ${maxColumns}.`;
    throw new Problem('too_many_columns', detail, { columns: columns.length, max_columns: maxColumns });
  }
  checkColumnNames(columns.map(({ name }) => name));
  for (const column of columns) checkFormat(column);
  const isTime = ({ name, type }: Column) => name === timeColumn && (type === 'timestamp' || type === 'date');
  if (timeColumn !== null && !columns.some(isTime)) {
    const detail = `The time column '${timeColumn}' is not a declared column of type timestamp or date.`;
    throw new Problem('time_column_unknown', detail);
  }
}

function checkFormat({ name, type, format }: ColumnFormat): void {
  if (format === null) return;
  const formats = type === 'date' ? DATE_FORMATS : type === 'timestamp' ? [...TIMESTAMP_FORMATS, ...DATE_FORMATS] : [];
  if (formats.includes(format)) return;
  const allowed = formats.length > 0 ? `Supported formats: ${formats.join('; ')}.` : `A ${type} column has no format.`;
  const detail = `Column '${name}' has the unsupported format '${format.slice(0, 80)}'. ${allowed}`;
  throw new Problem('time_format_unknown', detail, { formats });
}
