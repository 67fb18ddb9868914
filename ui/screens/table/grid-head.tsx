import { Clock } from 'lucide-react';
import { useId } from 'react';
import type { Column } from '../../../src/api/columns.ts';
import type { TableState } from '../../../src/api/tables.ts';
import type { JsonValue } from '../../../src/api/values.ts';
import { type ColumnRange, useColumnRanges } from '../../data/column-ranges.ts';
import { useDistribution } from '../../data/distributions.ts';
import { Badge } from '../../design/badge.tsx';
import { count } from '../../design/figures.ts';
import { roundedText, valueText } from '../../parts/format-value.ts';
import { type ColumnLayout, HEAD_PIXELS, type PlacedColumn } from './column-layout.ts';
import { Sparkline } from './sparkline.tsx';
import styles from './table.module.css';

export interface GridHeadProps {
  readonly customerId: string;
  readonly table: TableState;
  readonly layout: ColumnLayout;
  readonly shown: readonly PlacedColumn[];
}

/** The header of the table: what is in each column. */
export function GridHead({ customerId, table, layout, shown }: GridHeadProps) {
  const ranges = useColumnRanges(customerId, table);
  return (
    // biome-ignore-start lint/a11y/useSemanticElements: cells of a table element cannot be placed.
    // biome-ignore-start lint/a11y/useFocusableInteractive: the grid has the focus.
    <div role="rowgroup" className={styles.head} style={{ height: `${HEAD_PIXELS}px`, width: `${layout.width}px` }}>
      <div role="row" aria-rowindex={1} className={styles.headRow}>
        <div
          role="columnheader"
          aria-colindex={1}
          className={`${styles.number} ${styles.numberHead}`}
          style={{ width: `${layout.numberWidth}px` }}
        >
          Row
        </div>
        {shown.map(({ column, index, left, width }) => (
          <HeadCell
            key={index}
            customerId={customerId}
            table={table}
            column={column}
            index={index}
            range={ranges?.[index]}
            style={{ left: `${left}px`, width: `${width}px` }}
          />
        ))}
      </div>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: as above.
    // biome-ignore-end lint/a11y/useSemanticElements: as above.
  );
}

interface HeadCellProps {
  readonly customerId: string;
  readonly table: TableState;
  readonly column: Column;
  readonly index: number;
  readonly range: ColumnRange | undefined;
  readonly style: { readonly left: string; readonly width: string };
}

function HeadCell({ customerId, table, column, index, range, style }: HeadCellProps) {
  const name = useId();
  const distribution = useDistribution(customerId, column, index, range, table);
  return (
    // biome-ignore lint/a11y/useSemanticElements: as above.
    // biome-ignore lint/a11y/useFocusableInteractive: as above.
    <div role="columnheader" aria-colindex={index + 2} aria-labelledby={name} className={styles.headCell} style={style}>
      <span id={name} className={styles.name} title={column.name}>
        {column.name}
      </span>
      <span className={styles.type}>
        {column.type}
        {column.type === 'timestamp' && ' · UTC'}
        {column.name === table.time_column && (
          <Badge tone="info">
            <Clock aria-hidden /> time column
          </Badge>
        )}
      </span>
      <span className={styles.picture}>
        {distribution && <Sparkline distribution={distribution} column={column.name} />}
      </span>
      <span className={styles.range} title={range && rangeText(range, column, table.rows)}>
        {range && rangeText(range, column, table.rows)}
      </span>
      <span className={range?.nulls ? styles.someNulls : styles.noNulls}>{range && nullsText(range, table.rows)}</span>
    </div>
  );
}

function rangeText({ nulls, min, max }: ColumnRange, column: Column, rows: number): string {
  if (nulls >= rows) return 'only nulls';
  if (min === null) return '';
  if (column.type === 'boolean') return min === max ? `only ${min}` : 'true and false';
  const [from, to] = [min, max].map((value) => shortText(value, column));
  return from === to ? `only ${from}` : `${from} – ${to}`;
}

function shortText(value: JsonValue, { type }: Column): string {
  if (type === 'number' && typeof value === 'number') return roundedText(value);
  if (type === 'timestamp') return valueText(value, type, 'day');
  if (value === '') return '(empty)';
  return valueText(value, type).slice(0, 80);
}

function nullsText({ nulls }: ColumnRange, rows: number): string {
  if (nulls === 0) return 'no nulls';
  const share = (100 * nulls) / Math.max(rows, nulls);
  return `${count(nulls)} null · ${share < 0.1 ? '< 0.1' : share.toFixed(share < 10 ? 1 : 0)} %`;
}
