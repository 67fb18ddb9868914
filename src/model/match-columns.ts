import { Problem } from '../errors.ts';
import type { Column } from './columns.ts';

/**
 * Matches the columns of a file with those of a table by name, in any order and letter case.
 *
 * @param table null if the file decides the columns of the table
 * @returns the table's names for the file's columns, in the order of the file
 * @throws Problem columns_differ
 */
export function matchColumns(incoming: readonly string[], table: readonly Column[] | null): readonly string[] {
  if (table === null) return incoming;
  const { names, missing, unexpected } = compareColumns(incoming, table);
  if (missing.length === 0 && unexpected.length === 0) return names;
  const differences = [
    ...(missing.length > 0 ? [`lacks ${quoted(missing)}`] : []),
    ...(unexpected.length > 0 ? [`has ${quoted(unexpected)}, which the table lacks`] : []),
  ];
  const columns = table.map(({ name }) => name);
  throw new Problem(
    'columns_differ',
    `The file ${differences.join(' and ')}. The columns of the table are ${quoted(columns)}.`,
    { missing, unexpected, table_columns: columns },
  );
}

/** The table's names for the file's columns, and the columns that only one of them has. */
export function compareColumns(
  incoming: readonly string[],
  table: readonly Column[],
): { readonly names: readonly string[]; readonly missing: readonly string[]; readonly unexpected: readonly string[] } {
  const byFoldedName = new Map(table.map(({ name }) => [name.toLowerCase(), name]));
  const names = incoming.map((name) => byFoldedName.get(name.toLowerCase()));
  const missing = table.map(({ name }) => name).filter((name) => !names.includes(name));
  const unexpected = incoming.filter((_, index) => names[index] === undefined);
  return { names: names.filter((name) => name !== undefined), missing, unexpected };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
