import { memo } from 'react';
import type { Column } from '../../../src/api/columns.ts';
import type { ShownRow, ShownValue } from '../../data/rows.ts';
import { count } from '../../design/figures.ts';
import { Value } from '../../parts/value.tsx';
import { type ColumnLayout, type PlacedColumn, ROW_PIXELS } from './column-layout.ts';
import styles from './table.module.css';

export interface GridRowProps {
  readonly index: number;
  readonly top: number;
  /** Undefined while they are loaded. */
  readonly values: ShownRow | undefined;
  readonly layout: ColumnLayout;
  readonly shown: readonly PlacedColumn[];
  /** The column of the active cell, if it is in this row. */
  readonly active: number | null;
  /** Cells have the IDs `prefix-row-column`. */
  readonly prefix: string;
}

/** A row of the table. Its cells are placed, since only those in view exist. */
export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { index, top, values, layout, shown, active, prefix } = props;
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: cells of a table element cannot be placed.
    // biome-ignore-start lint/a11y/useFocusableInteractive: the grid has the focus and names its active cell.
    <div
      role="row"
      aria-rowindex={index + 2}
      className={`${styles.row} ${active === null ? '' : styles.activeRow}`}
      style={{ transform: `translateY(${top}px)`, height: `${ROW_PIXELS}px`, width: `${layout.width}px` }}
    >
      <div role="rowheader" aria-colindex={1} className={styles.number} style={{ width: `${layout.numberWidth}px` }}>
        {count(index + 1)}
      </div>
      {shown.map(({ column, index: place, left, width }) => (
        <div
          key={place}
          id={`${prefix}-${index}-${place}`}
          role="gridcell"
          aria-colindex={place + 2}
          aria-selected={active === place}
          className={`${styles.cell} ${isNumeric(column) ? styles.numeric : ''}`}
          style={{ left: `${left}px`, width: `${width}px` }}
        >
          {values === undefined ? (
            <span className={styles.skeleton} />
          ) : (
            <CellText value={values[place] ?? null} column={column} />
          )}
        </div>
      ))}
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: as above.
    // biome-ignore-end lint/a11y/useSemanticElements: as above.
  );
});

function isNumeric({ type }: Column): boolean {
  return type === 'integer' || type === 'number';
}

/** The value as it is stored: no marks between thousands, which would make an ID or a year another text. */
function CellText({ value, column }: { readonly value: ShownValue; readonly column: Column }) {
  if (value !== null && typeof value === 'object') return oneLine(value.start);
  if (value === null || value === '') return <Value value={value} type={column.type} />;
  if (column.type === 'timestamp') return String(value).replace('T', ' ').replace(/Z$/, '');
  return oneLine(String(value));
}

function oneLine(text: string): string {
  return text.replace(/\r\n|[\r\n]/g, '⏎').replaceAll('\t', '⇥');
}
