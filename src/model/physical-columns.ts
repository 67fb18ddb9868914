import { type ColumnType, partsOf, type StoredColumn } from './columns.ts';

/**
 * Name of the stored column at a position of a table: `c0`, `c1`, … Stores use no name that comes from outside, because it may
 * mean something to a database: a column named `rowid` hides the row IDs of DuckDB.
 */
export function physicalName(index: number): string {
  return `c${index}`;
}

/** A stored column: one part of a column of the table. */
export interface PhysicalColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** The stored columns of the column at a position of a table: `c2`, and after widening also `c2_number` or `c2_text`. */
export function physicalParts(column: StoredColumn, index: number): readonly PhysicalColumn[] {
  const name = physicalName(index);
  return partsOf(column).map((type, part) => ({ name: part === 0 ? name : `${name}_${type}`, type }));
}

/** A hidden column of stores that number rows: the place of a row among those of its attempt, from 0. */
export const ROW_COLUMN = '_thena_row';

/** The stored column for an upload's values of a column; null: it has none. */
export function storedIn(columns: readonly StoredColumn[], name: string, type: ColumnType): string | null {
  if (type === 'unknown') return null;
  const index = columns.findIndex((column) => column.name === name);
  const column = columns[index];
  const part = column && physicalParts(column, index).find((each) => each.type === type);
  if (part === undefined)
    throw new Error(`the table stores no values of type ${type} in column ${JSON.stringify(name)}`);
  return part.name;
}
