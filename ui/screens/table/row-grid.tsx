import { type KeyboardEvent, type MouseEvent, useId, useMemo, useRef, useState } from 'react';
import type { TableState } from '../../../src/api/tables.ts';
import { copyText } from '../../data/copy-text.ts';
import { type CutText, type ShownValue, useRowWindow } from '../../data/rows.ts';
import { Button } from '../../design/button.tsx';
import { exactText } from '../../parts/format-value.ts';
import { ReadProblem } from '../../parts/read-problem.tsx';
import { type ActiveCell, movedBy } from './active-cell.ts';
import { CellDialog } from './cell-dialog.tsx';
import { columnsInView, HEAD_PIXELS, layOutColumns, ROW_PIXELS } from './column-layout.ts';
import { GridHead } from './grid-head.tsx';
import { GridRow } from './grid-row.tsx';
import styles from './table.module.css';
import { useEndShown, useGoal } from './use-goal.ts';
import { useScroller } from './use-scroller.ts';

const BORDER_PIXELS = 2;
const SCROLLBAR_PIXELS = 16;

export interface RowGridProps {
  readonly customerId: string;
  readonly table: TableState;
  /** The row to start at, and to go to when it changes. */
  readonly goal: { readonly row: number };
  /** Called when the last row comes into view, and when it has changed. */
  readonly onEndShown: () => void;
}

/** All rows of the table. Only those in view exist in the document; the others are requested when they come into view. */
export function RowGrid({ customerId, table, goal, onEndShown }: RowGridProps) {
  const { rows, columns } = table;
  const element = useRef<HTMLDivElement>(null);
  const id = useId();
  const scroller = useScroller(element, rows, goal.row);
  const { view, first, last, offset } = scroller;
  const [active, setActive] = useState<ActiveCell | null>(null);
  const [opened, setOpened] = useState<ActiveCell | null>(null);
  const window = useRowWindow(customerId, first, last, !scroller.jumping && view.height > 0);
  const layout = useMemo(() => layOutColumns(columns, rows, view.width), [columns, rows, view.width]);
  // Sideways, columns come and go in steps.
  const from = Math.floor(scroller.scrollLeft / 200) * 200;
  const shown = useMemo(() => columnsInView(layout, from, view.width), [layout, from, view.width]);

  const frame = BORDER_PIXELS + (layout.width > view.width ? SCROLLBAR_PIXELS : 0);
  const [reached, setReached] = useState(goal);
  if (reached !== goal) {
    setReached(goal);
    setActive({ row: goal.row, column: active?.column ?? 0 });
  }
  useGoal(goal, scroller.scrollToTop, view.height - HEAD_PIXELS);
  useEndShown(scroller.lastInView, rows, onEndShown);

  const moveTo = (cell: ActiveCell): void => {
    setActive(cell);
    scroller.showRow(cell.row);
    const place = layout.columns[cell.column];
    const { current } = element;
    if (!place || !current) return;
    if (place.left - layout.numberWidth < current.scrollLeft) current.scrollLeft = place.left - layout.numberWidth;
    else if (place.left + place.width > current.scrollLeft + view.width)
      current.scrollLeft = place.left + place.width - view.width;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (rows === 0 || event.altKey) return;
    const cell = active ?? { row: Math.min(rows - 1, first), column: 0 };
    const value = window.row(cell.row)?.[cell.column];
    if ((event.ctrlKey || event.metaKey) && event.key === 'c' && active && isWhole(value)) {
      if (getSelection()?.toString() === '') void copyText(exactText(value));
      return;
    }
    const next = movedBy(event.key, cell, { rows, columns: columns.length, rowsInView: scroller.rowsInView });
    if (next) moveTo(active ? next : event.key === 'Home' || event.key === 'End' ? next : cell);
    else if (event.key === 'Enter' || event.key === ' ') setOpened(cell);
    else return;
    event.preventDefault();
  };
  const onClick = ({ target }: MouseEvent): void => {
    const cell = (target as Element)
      .closest('[role=gridcell]')
      ?.id.slice(id.length + 1)
      .split('-')
      .map(Number);
    const [row, column] = cell ?? [];
    if (row === undefined || column === undefined) return;
    if (active?.row === row && active.column === column) setOpened(active);
    else setActive({ row, column });
  };
  const activeIsShown = active && active.row >= first && active.row <= last;

  return (
    <>
      {window.error && <ReadProblem error={window.error} actions={<Button onClick={window.retry}>Try again</Button>} />}
      {/* biome-ignore lint/a11y/useSemanticElements: a table element cannot hold rows that are placed by their number. */}
      <div
        ref={element}
        className={styles.grid}
        role="grid"
        tabIndex={0}
        aria-label="Rows of the table"
        aria-describedby={`${id}-keys`}
        aria-rowcount={rows + 1}
        aria-colcount={columns.length + 1}
        aria-busy={window.loading}
        aria-readonly
        {...(activeIsShown && { 'aria-activedescendant': `${id}-${active.row}-${active.column}` })}
        style={{ height: `${HEAD_PIXELS + scroller.scale.shownHeight + frame}px` }}
        onScroll={scroller.onScroll}
        onKeyDown={onKeyDown}
        onClick={onClick}
        onFocus={() => setActive((cell) => cell ?? (rows > 0 ? { row: Math.floor(first), column: 0 } : null))}
      >
        <GridHead customerId={customerId} table={table} layout={layout} shown={shown} />
        {/* biome-ignore lint/a11y/useSemanticElements: as above. */}
        <div
          role="rowgroup"
          className={styles.body}
          style={{ height: `${scroller.scale.shownHeight}px`, width: `${layout.width}px` }}
        >
          {Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index).map((row) => (
            <GridRow
              key={row}
              index={row}
              top={row * ROW_PIXELS - offset}
              values={window.row(row)}
              layout={layout}
              shown={shown}
              active={active?.row === row ? active.column : null}
              prefix={id}
            />
          ))}
        </div>
      </div>
      <p id={`${id}-keys`} className={styles.keys}>
        Arrow keys, Page Up and Page Down move. Home and End lead to the first and the last row. Press Enter, or choose
        a cell twice, to see its whole value.
      </p>
      {opened && (
        <CellDialog
          customerId={customerId}
          row={opened.row}
          index={opened.column}
          column={columns[opened.column] ?? { name: '', type: 'text' }}
          onClose={() => setOpened(null)}
        />
      )}
    </>
  );
}

function isWhole(value: ShownValue | undefined): value is Exclude<ShownValue, CutText> {
  return value !== undefined && (typeof value !== 'object' || value === null);
}
