import type { Column } from './columns.ts';

/** In URLs, a plus sign is a space. */
function folded(name: string): string {
  return name.toLowerCase().replaceAll('+', ' ');
}

/** Finds a column by the name that a request gives, in any letter case. */
export function findByName<Each extends Pick<Column, 'name'>>(columns: readonly Each[], name: string): Each | null {
  const exact = columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  const alike = columns.filter((column) => folded(column.name) === folded(name));
  return exact ?? (alike.length === 1 ? (alike[0] ?? null) : null);
}

/**
 * Finds the two columns that a text such as `Date+Time` names. Names may contain plus signs and spaces.
 *
 * @returns their names as the columns have them; null if the text names no two columns, or may name several pairs
 */
export function findPair(columns: readonly Pick<Column, 'name'>[], text: string): readonly [string, string] | null {
  const pairs = [...text.matchAll(/[+ ]/g)].flatMap(({ index }): (readonly [string, string])[] => {
    const first = findByName(columns, text.slice(0, index).trim());
    const second = findByName(columns, text.slice(index + 1).trim());
    return first === null || second === null || first.name === second.name ? [] : [[first.name, second.name]];
  });
  const [pair, ...others] = pairs;
  return pair !== undefined && others.every(([first]) => first === pair[0]) ? pair : null;
}

/** Name of the column that holds the times of two columns. */
export function combinedName([day, clock]: readonly [string, string]): string {
  return `${day}+${clock}`;
}
