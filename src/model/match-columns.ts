import type { Column } from './columns.ts';

export type ColumnMatch =
  /** The columns of the file, in its order, with their names in the table. */
  | { readonly kind: 'same'; readonly names: readonly string[] }
  | { readonly kind: 'different'; readonly missing: readonly string[]; readonly unexpected: readonly string[] };

/** Matches the columns of a file with those of a table by name, in any order and letter case. */
export function matchColumns(incoming: readonly string[], table: readonly Column[]): ColumnMatch {
  const byFoldedName = new Map(table.map(({ name }) => [name.toLowerCase(), name]));
  const names = incoming.map((name) => byFoldedName.get(name.toLowerCase()));
  const missing = table.map(({ name }) => name).filter((name) => !names.includes(name));
  const unexpected = incoming.filter((_, index) => names[index] === undefined);
  if (missing.length > 0 || unexpected.length > 0) return { kind: 'different', missing, unexpected };
  return { kind: 'same', names: names.filter((name) => name !== undefined) };
}
