import type { Column } from './columns.ts';

export type ColumnMatch =
  /** The table's names of the file's columns, in the file's order. */
  | { readonly kind: 'same'; readonly names: readonly string[] }
  | { readonly kind: 'different'; readonly missing: readonly string[]; readonly unexpected: readonly string[] };

/** Matches a file's columns with a table's by name, in any order; letter case does not tell two columns apart. */
export function matchColumns(incoming: readonly string[], table: readonly Column[]): ColumnMatch {
  const byFoldedName = new Map(table.map(({ name }) => [name.toLowerCase(), name]));
  const names = incoming.map((name) => byFoldedName.get(name.toLowerCase()));
  const missing = table.map(({ name }) => name).filter((name) => !names.includes(name));
  const unexpected = incoming.filter((_, index) => names[index] === undefined);
  if (missing.length > 0 || unexpected.length > 0) return { kind: 'different', missing, unexpected };
  return { kind: 'same', names: names.filter((name) => name !== undefined) };
}
