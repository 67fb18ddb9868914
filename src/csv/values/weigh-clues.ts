/** What decided between several readings of a column. */
export type Because =
  /** Only one fits the values, or all that fit give the same values. */
  | 'values'
  | 'option'
  /** Earlier files of the table. */
  | 'settled'
  /** Earlier files of the table, although the way in which this one is written makes the other reading likelier. */
  | 'settled_unlikely'
  /** Another column of the file that can be read in one way only. */
  | 'other_column'
  /** Other columns of the table. */
  | 'table'
  /** One is much the likelier; the warning shows the other. */
  | 'likelihood';

/** A decimal mark or date order that another column of the file can only have been written with. */
export interface Proof<Style> {
  readonly column: string;
  readonly style: Style;
  /** Whether nothing about that column was settled before: it is then a sign of how this file is written. */
  readonly isNews: boolean;
}

/** What is known about the style of a column besides its values. */
export interface Clues<Style> {
  readonly settled: Style | null;
  readonly otherColumns: readonly Proof<Style>[];
  /** What is settled for the table's other columns. */
  readonly table: readonly Style[];
}

export type Weighed<Style> =
  | { readonly style: Style; readonly because: Because; readonly column: string | null }
  /** Undecided; `conflict` if clues contradict each other, so that likelihood must not decide either. */
  | { readonly style: null; readonly conflict: boolean };

/** Decides between styles that all fit a column's values, but give different values. */
export function weighClues<Style>(candidates: readonly Style[], clues: Clues<Style>): Weighed<Style> {
  const others = clues.otherColumns.filter(({ style }) => candidates.includes(style));
  const { settled } = clues;
  if (settled !== null && candidates.includes(settled)) {
    if (others.some(({ style, isNews }) => isNews && style !== settled)) return { style: null, conflict: true };
    return { style: settled, because: 'settled', column: null };
  }
  const [other] = others;
  if (other) {
    if (others.some(({ style }) => style !== other.style)) return { style: null, conflict: true };
    return { style: other.style, because: 'other_column', column: other.column };
  }
  const table = clues.table.filter((style) => candidates.includes(style));
  const [first] = table;
  if (first === undefined) return { style: null, conflict: false };
  if (table.some((style) => style !== first)) return { style: null, conflict: true };
  return { style: first, because: 'table', column: null };
}

/** For a message, behind what was decided. */
export function becauseClause(because: Because, column: string | null): string {
  switch (because) {
    case 'settled':
    case 'settled_unlikely':
      return ', as in earlier files';
    case 'other_column':
      return `, like column '${column}'`;
    case 'table':
      return ', like other columns of the table';
    case 'likelihood':
      return ', which is likelier';
    default:
      return '';
  }
}
