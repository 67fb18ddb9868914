import { type ColumnType, type LogicalType, partsOf, type StoredColumn } from './columns.ts';
import type { TableColumn } from './parsed-columns.ts';
import { NOTHING_SETTLED } from './value-format.ts';

/** What the values of one upload mean for a column of the table. A column without values is not used. */
export interface ColumnUse {
  readonly name: string;
  /** The type in which they are stored. */
  readonly stored: LogicalType;
  /** The narrowest type of the column that keeps them: `integer` for whole numbers that are stored as numbers. */
  readonly needs: LogicalType;
}

/** A column whose type is another one after an upload. */
export interface WidenedColumn {
  readonly name: string;
  readonly from: ColumnType;
  readonly to: ColumnType;
}

/** The columns as they were created, before any upload used them. */
export function unused(columns: readonly TableColumn[]): readonly TableColumn[] {
  return columns.map(({ parts = [], ...column }) => ({ ...column, type: parts[0] ?? column.type }));
}

/** The columns of a table with these uploads and no others. */
export function usedBy(
  columns: readonly TableColumn[],
  uploads: readonly (readonly ColumnUse[])[],
): readonly TableColumn[] {
  const now = uploads.reduce(used, unused(columns));
  // What values have settled is forgotten with the last of them.
  return now.map((column) =>
    withoutReason(column.type === 'unknown' ? { ...column, settled: NOTHING_SETTLED } : column),
  );
}

/** The columns once an upload is part of the table. The type of a column depends on which uploads there are, not on their order. */
export function used(columns: readonly TableColumn[], uses: readonly ColumnUse[]): readonly TableColumn[] {
  const byName = new Map(uses.map((use) => [use.name, use]));
  return columns.map((column) => {
    const use = byName.get(column.name);
    if (use === undefined) return column;
    const known = partsOf(column);
    const parts = known.includes(use.stored) ? known : [...known, use.stored];
    return { ...column, ...stored(widerOf(column.type, use.needs), parts) };
  });
}

/** Only a text column has a reason for its type. */
export function withoutReason({ nearly, ...column }: TableColumn): TableColumn {
  return nearly === undefined || column.type !== 'text' ? column : { ...column, nearly };
}

/** The uses that say more than that a column is what it was created as: the others need not be kept. */
export function usesToKeep(columns: readonly StoredColumn[], uses: readonly ColumnUse[]): readonly ColumnUse[] {
  const created = new Map(columns.map((column) => [column.name, partsOf(column)[0]]));
  return uses.filter(({ name, stored, needs }) => created.get(name) !== stored || stored !== needs);
}

export function widenedColumns(
  before: readonly StoredColumn[],
  after: readonly StoredColumn[],
): readonly WidenedColumn[] {
  const types = new Map(before.map(({ name, type }) => [name, type]));
  return after.flatMap(({ name, type: to }) => {
    const from = types.get(name);
    return from === undefined || from === to ? [] : [{ name, from, to }];
  });
}

/** The narrowest type that keeps the values of both. */
function widerOf(a: ColumnType, b: ColumnType): ColumnType {
  if (a === b || b === 'unknown') return a;
  if (a === 'unknown') return b;
  const types = [a, b];
  return types.includes('integer') && types.includes('number') ? 'number' : 'text';
}

function stored(type: ColumnType, parts: readonly ColumnType[]): Pick<StoredColumn, 'type' | 'parts'> {
  return parts.length === 1 && parts[0] === type ? { type } : { type, parts };
}
