import { useState } from 'react';
import type { JsonValue } from '../../../src/api/values.ts';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { count, counted } from '../../design/figures.ts';
import { exactText, roundedText } from '../../parts/format-value.ts';
import { Value } from '../../parts/value.tsx';
import styles from './analyses.module.css';
import { detailOf } from './charts/chart.ts';
import type { QueryColumn } from './query-columns.ts';
import type { TabularResult } from './tabular.ts';

const FIRST_ROWS = 25;
const MORE_ROWS = 500;

/** The rows of a result. Fractions are rounded, and the exact value of each cell is its tooltip. */
export function ResultTable({ result, label }: { readonly result: TabularResult; readonly label: string }) {
  const { columns, rows, errors } = result;
  const [most, setMost] = useState(FIRST_ROWS);
  const left = rows.length - most;
  if (rows.length === 0) return <p>No row fits the conditions.</p>;
  return (
    <div className={styles.table}>
      <DataTable
        label={label}
        columns={columns.map((column) => ({ title: titleOf(column, errors), number: isNumber(column) }))}
      >
        {rows.slice(0, most).map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row of a result is known by its place.
          <tr key={index}>
            {columns.map((column, place) => (
              <Cell key={column.name} column={column} value={row[place] ?? null} isHeader={place === 0} />
            ))}
          </tr>
        ))}
      </DataTable>
      <p className={styles.more}>
        <span className={styles.soft}>
          {left > 0 ? `${count(most)} of ${counted(rows.length, 'row')}` : counted(rows.length, 'row')}
        </span>
        {left > 0 && (
          <Button size="small" onClick={() => setMost(most + MORE_ROWS)}>
            Show {count(Math.min(left, MORE_ROWS))} more
          </Button>
        )}
      </p>
    </div>
  );
}

function Cell(props: { readonly column: QueryColumn; readonly value: JsonValue; readonly isHeader: boolean }) {
  const { column, value, isHeader } = props;
  const detail = column.group && { detail: detailOf(column.group.bucket) };
  const Tag = isHeader && column.group ? 'th' : 'td';
  return (
    <Tag
      {...(Tag === 'th' && { scope: 'row' })}
      className={isNumber(column) ? styles.numeric : styles.cell}
      title={exactText(value).slice(0, 1000)}
    >
      {column.type === 'number' && typeof value === 'number' ? (
        roundedText(value)
      ) : (
        <Value value={value} type={column.type} {...detail} />
      )}
    </Tag>
  );
}

function isNumber({ type }: QueryColumn): boolean {
  return type === 'integer' || type === 'number';
}

function titleOf({ name, type, group }: QueryColumn, errors: ReadonlyMap<string, number>): string {
  const error = errors.get(name);
  if (error !== undefined) return `${name} (± ${(error * 100).toPrecision(2)} %)`;
  return group && type === 'timestamp' ? `${name} (${group.time_zone ?? 'UTC'})` : name;
}
