import type { Preview, PreviewCell, PreviewColumn } from '../data/choosing/preview.ts';
import { DataTable } from '../design/data-table.tsx';
import { count } from '../design/figures.ts';
import styles from './chosen.module.css';

const SHOWN_ROWS = 8;

/** The first rows of a file. Where the stored value is not what is written, both are shown. */
export function PreviewTable({ preview, filename }: { readonly preview: Preview; readonly filename: string }) {
  const { columns, rows, rows_read, complete, dialect, notes, questions } = preview;
  const asked = new Set(questions.map(({ column }) => column));
  return (
    <>
      <div className={styles.table}>
        <DataTable
          label={`First rows of ${filename}`}
          columns={columns.map((column) => ({ title: `${column.name} · ${describe(column)}` }))}
        >
          {rows.slice(0, SHOWN_ROWS).map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place.
            <tr key={index}>
              {row.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the same.
                <td key={column}>
                  <Cell
                    cell={cell}
                    isText={columns[column]?.type === 'text'}
                    isAsked={asked.has(columns[column]?.name ?? null)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </DataTable>
      </div>
      <p className={styles.soft}>
        {complete ? `${count(rows_read)} rows in the file` : `The first ${count(rows_read)} rows were read`}
        {` · ${dialect.encoding} · ${DELIMITERS[dialect.delimiter] ?? dialect.delimiter}`}
        {dialect.header ? ' · with a header' : ' · without a header'}
        {dialect.skipped_lines > 0 && ` · ${dialect.skipped_lines} lines above it are skipped`}
      </p>
      {notes.length > 0 && (
        <ul className={styles.notes}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}

const DELIMITERS: Readonly<Record<string, string>> = {
  ',': 'separated by commas',
  ';': 'separated by semicolons',
  '\t': 'separated by tabs',
  '|': 'separated by |',
  ' ': 'separated by spaces',
};

const ORDERS = { dmy: 'day first', mdy: 'month first', ymd: 'year first' } as const;

function describe({ type, order, decimal, time_zone, format }: PreviewColumn): string {
  const details = [
    format,
    order && ORDERS[order],
    decimal === ',' && 'decimal comma',
    type === 'timestamp' && time_zone,
  ].filter(Boolean);
  return [type === 'unknown' ? 'no values yet' : type, ...details].join(', ');
}

interface CellProps {
  readonly cell: PreviewCell;
  readonly isText: boolean;
  /** Whether its value depends on an open question. */
  readonly isAsked: boolean;
}

function Cell({ cell: { text, value }, isText, isAsked }: CellProps) {
  if (isAsked && text !== '') {
    return (
      <>
        <span className={styles.written}>{text} → </span>?
      </>
    );
  }
  if (value === null) {
    return (
      <>
        {text !== '' && <span className={styles.written}>{text} → </span>}
        <span className={styles.soft}>null</span>
      </>
    );
  }
  const stored = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (isText || stored === text) return <>{text === '' ? <span className={styles.soft}>empty text</span> : text}</>;
  return (
    <>
      <span className={styles.written}>{text} → </span>
      {stored}
    </>
  );
}
