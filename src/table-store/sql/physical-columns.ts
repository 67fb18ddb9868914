import type { Column, ColumnType, StoredColumn } from '../../model/columns.ts';
import { physicalParts } from '../../model/physical-columns.ts';

/** Returns the SQL that reads a column of a table: the name of its stored column, or an expression over several. */
export type Physical = (column: Pick<Column, 'name'>) => string;

/** Whole numbers from here on are no integers. */
export const END_OF_INTEGERS = 2n ** 63n;
/** Up to this, a double keeps all whole numbers. */
export const GREATEST_EXACT = 2n ** 53n;

/** How a database reads stored values. The strings are SQL. */
export interface ColumnReader {
  /** What a column without values is read as. */
  readonly noValue: string;
  /** Reads a stored value as another type. @returns null if a value of this type is never read as the other */
  converted(name: string, from: ColumnType, to: ColumnType): string | null;
}

/** @param columns of the table, in the table's order */
export function physicalColumns(columns: readonly StoredColumn[], dialect: ColumnReader): Physical {
  const expressions = new Map(columns.map((column, index) => [column.name, readSql(column, index, dialect)]));
  return ({ name }) => {
    const sql = expressions.get(name);
    if (sql === undefined) throw new Error(`the table has no column ${JSON.stringify(name)}`);
    return sql;
  };
}

/** A row has its value in one of the parts. Parts that cannot hold a value of this type have values of uncommitted rows only. */
function readSql(column: StoredColumn, index: number, { converted, noValue }: ColumnReader): string {
  const sources = physicalParts(column, index).flatMap(({ name, type }) => converted(name, type, column.type) ?? []);
  const [only] = sources;
  if (only === undefined) return noValue;
  return sources.length === 1 ? only : `coalesce(${sources.join(', ')})`;
}
