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
  const derived = table.filter(({ derivedFrom }) => derivedFrom !== undefined);
  const own = table.filter((column) => !derived.includes(column));
  const byFoldedName = new Map(own.map(({ name }) => [name.toLowerCase(), name]));
  const names = incoming.map((name) => byFoldedName.get(name.toLowerCase()));
  const missing = own.map(({ name }) => name).filter((name) => !names.includes(name));
  const unexpected = incoming.filter((_, index) => names[index] === undefined);
  if (missing.length === 0 && unexpected.length === 0) return names.filter((name) => name !== undefined);
  const differences = [
    ...(missing.length > 0 ? [`lacks ${quoted(missing)}`] : []),
    ...(unexpected.length > 0 ? [`has ${quoted(unexpected)}, which the table lacks`] : []),
  ];
  const columns = own.map(({ name }) => name);
  throw new Problem(
    'columns_differ',
    `The file ${differences.join(' and ')}. The columns of the table are ${quoted(columns)}.${derivedHint(unexpected, derived)}`,
    { missing, unexpected, table_columns: columns },
  );
}

function derivedHint(unexpected: readonly string[], derived: readonly Column[]): string {
  const found = derived.find(({ name }) => unexpected.some((each) => each.toLowerCase() === name.toLowerCase()));
  return found ? ` '${found.name}' is made of ${quoted(found.derivedFrom ?? [])}: leave it out.` : '';
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}
