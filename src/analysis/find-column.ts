import type { Column } from '../model/columns.ts';
import { type RequestPart, shown } from './request-part.ts';

/** Finds a column by its name, in any letter case. @throws Problem column_not_found, with the nearest one */
export function findColumn(part: RequestPart, columns: readonly Column[]): Column {
  const wanted = part.text();
  const folded = wanted.toLowerCase();
  const column =
    columns.find(({ name }) => name === wanted) ?? columns.find(({ name }) => name.toLowerCase() === folded);
  if (column) return { name: column.name, type: column.type };
  const names = columns.map(({ name }) => name);
  throw part.noSuch('column_not_found', `The table has no column ${shown(wanted)}; it has ${names.join(', ')}.`, names);
}
