import type { Column } from './columns.ts';

type Named = Pick<Column, 'name'>;

/** Finds a column by the name that a request gives, in any letter case. In URLs, a plus sign is a space. */
export function findByName<Each extends Named>(columns: readonly Each[], name: string): Each | null {
  return namesOf(columns)(name);
}

/**
 * Finds the two columns that a text such as `Date+Time` names. Names may contain plus signs and spaces.
 *
 * @returns their names as the columns have them; null if the text names no two columns, or may name several pairs
 */
export function findPair(columns: readonly Named[], text: string): readonly [string, string] | null {
  const find = namesOf(columns);
  const pairs = [...text.matchAll(/[+ ]/g)].flatMap(({ index }): (readonly [string, string])[] => {
    const first = find(text.slice(0, index).trim());
    const second = find(text.slice(index + 1).trim());
    return first === null || second === null || first.name === second.name ? [] : [[first.name, second.name]];
  });
  const [pair, ...others] = pairs;
  return pair !== undefined && others.every(([first]) => first === pair[0]) ? pair : null;
}

/** Name of the column that holds the times of two columns. */
export function combinedName([day, clock]: readonly [string, string]): string {
  return `${day}+${clock}`;
}

/** A text may have several hundred places to split it at, and a table as many columns. */
function namesOf<Each extends Named>(columns: readonly Each[]): (name: string) => Each | null {
  const exact = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const alike = Map.groupBy(columns, ({ name }) => folded(name));
  return (name) => {
    const [one, ...others] = alike.get(folded(name)) ?? [];
    return exact.get(name.toLowerCase()) ?? (others.length === 0 ? (one ?? null) : null);
  };
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll('+', ' ');
}
