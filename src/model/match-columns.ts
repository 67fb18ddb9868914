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
  const columns = columnsOfFiles(table).map(({ name }) => name);
  throw new Problem(
    'columns_differ',
    `The file ${differences.join(' and ')}. The columns of the table are ${quoted(columns)}.${derivedHint(unexpected, table)}`,
    { missing, unexpected, table_columns: columns },
  );
}

function derivedHint(unexpected: readonly string[], table: readonly Column[]): string {
  const found = table.find(({ name, derivedFrom }) => derivedFrom && unexpected.some((each) => isSame(each, name)));
  return found ? ` '${found.name}' is made of ${quoted(found.derivedFrom ?? [])}: leave it out.` : '';
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The table's names for the file's columns, and the columns that only one of them has. */
export function compareColumns(
  incoming: readonly string[],
  table: readonly Column[],
): { readonly names: readonly string[]; readonly missing: readonly string[]; readonly unexpected: readonly string[] } {
  const own = columnsOfFiles(table);
  const byFoldedName = new Map(own.map(({ name }) => [name.toLowerCase(), name]));
  const names = incoming.map((name) => byFoldedName.get(name.toLowerCase()));
  const missing = own.map(({ name }) => name).filter((name) => !names.includes(name));
  const unexpected = incoming.filter((_, index) => names[index] === undefined);
  return { names: names.filter((name) => name !== undefined), missing, unexpected };
}

/** The columns of a table that its files have. */
function columnsOfFiles(table: readonly Column[]): readonly Column[] {
  return table.filter(({ derivedFrom }) => derivedFrom === undefined);
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
