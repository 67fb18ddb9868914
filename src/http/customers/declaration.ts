import { checkColumnNames } from '../../csv/column-names.ts';
import { checkDeclared } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import type { Column } from '../../model/columns.ts';
import type { DeclaredColumn } from '../../model/parsed-columns.ts';

/**
 * Checks the columns that a customer is created with, by the same rules as the columns of a file.
 *
 * @throws Problem too_many_columns, column_name_invalid, duplicate_column, time_format_unknown, time_column_unknown
 */
export function checkDeclaration(
  declared: { readonly timeColumn: string | null; readonly columns: readonly DeclaredColumn[] | null },
  maxColumns: number,
): void {
  const { timeColumn, columns } = declared;
  if (columns === null) return;
  if (columns.length > maxColumns) {
    const detail = `${columns.length} columns are declared; a table may have at most ${maxColumns}.`;
    throw new Problem('too_many_columns', detail, { columns: columns.length, max_columns: maxColumns });
  }
  checkColumnNames(columns.map(({ name }) => name));
  for (const { name, type, format } of columns) checkDeclared(name, { type, pattern: format, timeZone: null });
  const isTime = ({ name, type }: Column) => name === timeColumn && (type === 'timestamp' || type === 'date');
  if (timeColumn !== null && !columns.some(isTime)) {
    const detail = `The time column '${timeColumn}' is not a declared column of type timestamp or date.`;
    throw new Problem('time_column_unknown', detail);
  }
}
