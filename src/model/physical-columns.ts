import type { Column } from './columns.ts';

/**
 * Name of the stored column at a position of a table: `c0`, `c1`, … Stores use no name that comes from outside, because it may
 * mean something to a database: a column named `rowid` hides the row IDs of DuckDB.
 */
export function physicalName(index: number): string {
  return `c${index}`;
}

/** Returns the name under which a column of a table is stored. */
export type Physical = (column: Pick<Column, 'name'>) => string;

/** @param columns of the table, in the table's order */
export function physicalColumns(columns: readonly Pick<Column, 'name'>[]): Physical {
  const names = new Map(columns.map(({ name }, index) => [name, physicalName(index)]));
  return ({ name }) => {
    const physical = names.get(name);
    if (physical === undefined) throw new Error(`the table has no column ${JSON.stringify(name)}`);
    return physical;
  };
}
