import type { Profile } from '../../../src/api/analyses.ts';
import type { ColumnType } from '../../../src/api/columns.ts';
import type { JsonValue } from '../../../src/api/values.ts';
import { DataTable, NumberCell } from '../../design/data-table.tsx';
import { count } from '../../design/figures.ts';
import { roundedText, valueText } from '../../parts/format-value.ts';
import styles from './analyses.module.css';

const MOST_CHARACTERS = 60;

const TITLES = [
  'Column',
  'Type',
  'Null',
  'Different',
  'Least',
  'Greatest',
  'Mean',
  'Quartile 1',
  'Median',
  'Quartile 3',
];

/** Each column in figures. */
export function ProfileTable({
  profile,
  timeColumn,
}: {
  readonly profile: Profile;
  readonly timeColumn: string | null;
}) {
  const { columns } = profile;
  const approximate = columns.some(({ distinct_error, quartiles_error }) => distinct_error || quartiles_error);
  return (
    <div className={`${styles.table} ${styles.profile}`}>
      <DataTable label="Profile" columns={TITLES.map((title, index) => ({ title, number: index > 1 }))}>
        {columns.map((column) => {
          const { name, type, nulls, distinct, distinct_error, min, max, mean, quartiles, quartiles_error } = column;
          const sign = quartiles_error ? '≈ ' : '';
          return (
            <tr key={name}>
              <th scope="row">
                {name}
                {name === timeColumn && <span className={styles.soft}> time column</span>}
              </th>
              <td>{type}</td>
              <NumberCell>{count(nulls)}</NumberCell>
              <NumberCell>{`${distinct_error ? '≈ ' : ''}${count(distinct)}`}</NumberCell>
              <NumberCell>{shown(min, type)}</NumberCell>
              <NumberCell>{shown(max, type)}</NumberCell>
              <NumberCell>{mean === null ? '' : shown(mean, 'number')}</NumberCell>
              <NumberCell>{quartiles && sign + shown(quartiles.q1, 'number')}</NumberCell>
              <NumberCell>{quartiles && sign + shown(quartiles.median, 'number')}</NumberCell>
              <NumberCell>{quartiles && sign + shown(quartiles.q3, 'number')}</NumberCell>
            </tr>
          );
        })}
      </DataTable>
      {approximate && <p className={styles.soft}>Values marked ≈ are from a sample, and right within about 1 %.</p>}
    </div>
  );
}

function shown(value: JsonValue, type: ColumnType): string {
  if (value === null) return '–';
  if (value === '') return 'empty text';
  const text = type === 'number' && typeof value === 'number' ? roundedText(value) : valueText(value, type, 'minute');
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
