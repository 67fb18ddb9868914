import { checkColumnNames } from '../csv/column-names.ts';
import { Problem } from '../errors.ts';
import type { Column } from '../table/columns.ts';

/**
 * Checks the columns that a customer is created with, by the rules that files are checked by.
 *
 * @throws Problem too_many_columns, column_name_invalid, duplicate_column, time_column_unknown
 */
export function checkDeclaration(
  declared: { readonly timeColumn: string | null; readonly columns: readonly Column[] | null },
  maxColumns: number,
): void {
  const { timeColumn, columns } = declared;
  if (columns === null) return;
  if (columns.length > maxColumns) {
    const detail = `${columns.length} columns are declared; a table may have ${maxColumns}.`;
    throw new Problem('too_many_columns', detail, { columns: columns.length, max_columns: maxColumns });
  }
  checkColumnNames(columns.map(({ name }) => name));
  const isTime = ({ name, type }: Column) => name === timeColumn && (type === 'timestamp' || type === 'date');
  if (timeColumn !== null && !columns.some(isTime)) {
    const detail = `The time column '${timeColumn}' is not among the declared columns of type timestamp or date.`;
    throw new Problem('time_column_unknown', detail);
  }
}
