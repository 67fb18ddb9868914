import type { Column, ColumnType } from '../../../src/api/columns.ts';

export const ROW_PIXELS = 34;
export const HEAD_PIXELS = 122;

const WIDTHS: Readonly<Record<ColumnType, number>> = {
  integer: 150,
  number: 150,
  boolean: 130,
  date: 150,
  timestamp: 246,
  text: 200,
  unknown: 130,
};

export interface PlacedColumn {
  readonly index: number;
  readonly column: Column;
  readonly left: number;
  readonly width: number;
}

export interface ColumnLayout {
  /** Width of the column with the row numbers. */
  readonly numberWidth: number;
  readonly columns: readonly PlacedColumn[];
  readonly width: number;
}

/** How wide each column is. What is left of the view is shared among them. */
export function layOutColumns(columns: readonly Column[], totalRows: number, viewWidth: number): ColumnLayout {
  const numberWidth = Math.max(52, 26 + 8 * totalRows.toLocaleString('en').length);
  const widths = columns.map(({ type }) => WIDTHS[type]);
  const spare = Math.max(0, viewWidth - numberWidth - widths.reduce((sum, width) => sum + width, 0));
  let left = numberWidth;
  const placed = columns.map((column, index) => {
    const width = (widths[index] ?? 0) + spare / columns.length;
    left += width;
    return { index, column, left: left - width, width };
  });
  return { numberWidth, columns: placed, width: left };
}

/** The columns of which something is in view: a table may have a thousand. */
export function columnsInView({ columns }: ColumnLayout, scrollLeft: number, viewWidth: number) {
  return columns.filter(({ left, width }) => left + width >= scrollLeft - 200 && left <= scrollLeft + viewWidth + 200);
}
