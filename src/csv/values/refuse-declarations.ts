import { Problem } from '../../errors.ts';
import type { ColumnType } from '../../model/columns.ts';
import { compileFormat } from './declared-format.ts';
import type { ValueOptions } from './value-options.ts';

/**
 * Compares what an upload declares of columns with its file and the table.
 *
 * @param file names of the file's columns
 * @param table null if the file decides the columns
 * @throws Problem upload_option_invalid if the file lacks a column; declared_type_conflict if the table's column has another type
 */
export function refuseDeclarations(
  declared: ValueOptions['columns'],
  file: readonly string[],
  table: readonly { readonly name: string; readonly type: ColumnType }[] | null,
): void {
  for (const [folded, { name = folded, type, pattern, timeZone }] of Object.entries(declared)) {
    if (!file.some((column) => column.toLowerCase() === folded)) {
      const names = file.map((column) => `'${column}'`).join(', ');
      const detail = `The option columns declares '${name}', but the file has no such column. Its columns are ${names}.`;
      throw new Problem('upload_option_invalid', detail.slice(0, 2000), { option: 'columns' });
    }
    const known = table?.find((column) => column.name.toLowerCase() === folded)?.type ?? null;
    if (known === null || known === 'unknown') continue;
    const conflict = (as: string): Problem => {
      const detail = `Column '${name}' is declared ${as}, but the table's column is ${known}.`;
      return new Problem('declared_type_conflict', detail, { column: name, declared: type, type: known });
    };
    if (type !== null && type !== known) throw conflict(`as ${type}`);
    if (pattern !== null && !mayHave(pattern, known)) throw conflict(`with the format '${pattern.slice(0, 80)}'`);
    if (timeZone !== null && known !== 'timestamp') throw conflict(`with the time zone ${timeZone}`);
  }
}

/** A format with a day is one of dates and timestamps. Times of day alone are text. */
function mayHave(pattern: string, type: ColumnType): boolean {
  const format = compileFormat(pattern);
  const hasDay = 'hasDay' in format && format.hasDay;
  return hasDay ? type === 'date' || type === 'timestamp' : type === 'text';
}
