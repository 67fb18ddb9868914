import { Info, TriangleAlert } from 'lucide-react';
import type * as api from '../../../src/api/uploads.ts';
import { DataTable } from '../../design/data-table.tsx';
import { Facts } from '../../design/facts.tsx';
import { count, rowTimes } from '../../design/figures.ts';
import { Panel } from '../../design/panel.tsx';
import styles from './upload.module.css';

/** What became of the rows of an upload; the figures add up. */
export function Receipt({ receipt }: { readonly receipt: api.Receipt }) {
  const {
    rows_in_file,
    appended,
    rejected,
    table_rows_before,
    table_rows_after,
    warnings,
    notes,
    columns,
    widened,
    earliest_at,
    latest_at,
  } = receipt;
  const times = earliest_at && latest_at && rowTimes(earliest_at, latest_at);
  return (
    <>
      <Facts
        facts={[
          {
            name: 'Rows in the file',
            value: count(rows_in_file),
            note: `= ${count(appended)} added + ${count(rejected)} rejected`,
          },
          { name: 'Added', value: count(appended), ...(times && { note: times }) },
          { name: 'Rejected', value: count(rejected) },
          { name: 'Rows in the table', value: count(table_rows_after), note: `${count(table_rows_before)} before` },
        ]}
      />
      {warnings.length + notes.length > 0 && (
        <Panel title="What to check">
          <ul className={styles.messages}>
            {warnings.map((text) => (
              <li key={text} className={styles.warning}>
                <TriangleAlert aria-label="Warning" />
                <span>{text}</span>
              </li>
            ))}
            {notes.map((text) => (
              <li key={text}>
                <Info aria-label="Note" />
                <span>{text}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="How the columns were read" flush>
        <DataTable label="Columns of the file" columns={[{ title: 'Name' }, { title: 'Type' }, { title: 'Read as' }]}>
          {columns.map((column) => (
            <tr key={column.name}>
              <th scope="row">{column.name}</th>
              <td>
                {column.type === 'unknown' ? 'no values yet' : column.type}
                {widened
                  .filter(({ name }) => name === column.name)
                  .map(({ from, to }) => ` (the table's column was widened from ${from} to ${to})`)}
              </td>
              <td>{formatOf(column) || '–'}</td>
            </tr>
          ))}
        </DataTable>
      </Panel>
    </>
  );
}

const ORDERS = { dmy: 'day, month, year', mdy: 'month, day, year', ymd: 'year, month, day' } as const;

function formatOf({ format, order, decimal, thousands, time_zone }: api.Receipt['columns'][number]): string {
  return [
    format && `format ${format}`,
    order && ORDERS[order],
    decimal && `decimal ${decimal === ',' ? 'comma' : 'point'}`,
    thousands && `thousands ${thousands === ' ' ? 'space' : thousands}`,
    time_zone && `time zone ${time_zone}`,
  ]
    .filter(Boolean)
    .join(' · ');
}
