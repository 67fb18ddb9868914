import type { DeclaredColumn } from '../../../src/api/columns.ts';
import type { CreateCustomer } from '../../../src/api/customers.ts';
import { Button } from '../../design/button.tsx';
import { TextField } from '../../design/field.tsx';
import { SelectField } from '../../design/select-field.tsx';
import styles from './start.module.css';

/** What is known of the files of a customer before the first one. Empty texts: found in the files. */
export interface Declared {
  readonly timeColumn: string;
  readonly columns: readonly { readonly name: string; readonly type: DeclaredColumn['type'] }[];
  readonly delimiter: string;
  readonly decimal: string;
  readonly dateOrder: string;
  readonly timeZone: string;
}

export const NOTHING_DECLARED: Declared = {
  timeColumn: '',
  columns: [],
  delimiter: '',
  decimal: '',
  dateOrder: '',
  timeZone: '',
};

/** The members of the request that say what was declared. */
export function declarationsOf(declared: Declared): Omit<CreateCustomer, 'customer_id' | 'id'> {
  const { timeColumn, delimiter, decimal, dateOrder, timeZone } = declared;
  const columns = declared.columns.filter(({ name }) => name.trim() !== '');
  const defaults = {
    ...(delimiter && { delimiter }),
    ...(decimal && { decimal }),
    ...(dateOrder && { date_order: dateOrder }),
    ...(timeZone.trim() && { time_zone: timeZone.trim() }),
  };
  return {
    ...(timeColumn.trim() && { time_column: timeColumn.trim() }),
    ...(columns.length > 0 && { columns: columns.map(({ name, type }) => ({ name: name.trim(), type })) }),
    ...(Object.keys(defaults).length > 0 && { defaults }),
  };
}

const TYPES = ['text', 'integer', 'number', 'boolean', 'date', 'timestamp'] as const;

const DETECTED = { value: '', label: 'Detected' };

export interface DeclareCustomerProps {
  readonly declared: Declared;
  readonly onChange: (declared: Declared) => void;
}

/** Optional declarations of a new customer. */
export function DeclareCustomer({ declared, onChange }: DeclareCustomerProps) {
  const set = (change: Partial<Declared>): void => onChange({ ...declared, ...change });
  const column = (index: number, change: Partial<Declared['columns'][number]>): void => {
    const { name, type } = declared.columns[index] ?? { name: '', type: 'text' };
    set({ columns: declared.columns.with(index, { name, type, ...change }) });
  };
  return (
    <details className={styles.declare}>
      <summary>Declare columns and defaults</summary>
      <div className={styles.form}>
        <p className={styles.meta}>Optional: otherwise they are found in the first file.</p>
        <TextField
          label="Time column"
          value={declared.timeColumn}
          onValueChange={(timeColumn) => set({ timeColumn })}
          description="Default: the leftmost column with times."
        />
        <div className={styles.pair}>
          <SelectField
            label="Delimiter"
            value={declared.delimiter}
            onChange={(delimiter) => set({ delimiter })}
            choices={[
              DETECTED,
              { value: 'comma', label: 'Comma' },
              { value: 'semicolon', label: 'Semicolon' },
              { value: 'tab', label: 'Tab' },
            ]}
          />
          <SelectField
            label="Decimal mark"
            value={declared.decimal}
            onChange={(decimal) => set({ decimal })}
            choices={[DETECTED, { value: '.', label: 'Point' }, { value: ',', label: 'Comma' }]}
          />
          <SelectField
            label="Dates"
            value={declared.dateOrder}
            onChange={(dateOrder) => set({ dateOrder })}
            choices={[
              DETECTED,
              { value: 'dmy', label: 'Day, month, year' },
              { value: 'mdy', label: 'Month, day, year' },
              { value: 'ymd', label: 'Year, month, day' },
            ]}
          />
          <TextField
            label="Time zone"
            placeholder="UTC"
            value={declared.timeZone}
            onValueChange={(timeZone) => set({ timeZone })}
          />
        </div>
        {declared.columns.map(({ name, type }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: columns have no identity but their place.
          <div key={index} className={styles.pair}>
            <TextField
              label={`Column ${index + 1}`}
              value={name}
              onValueChange={(text) => column(index, { name: text })}
            />
            <SelectField
              label={`Type of column ${index + 1}`}
              value={type}
              onChange={(value) => column(index, { type: TYPES.find((each) => each === value) ?? 'text' })}
              choices={TYPES.map((value) => ({ value, label: value }))}
            />
          </div>
        ))}
        <div>
          <Button size="small" onClick={() => set({ columns: [...declared.columns, { name: '', type: 'text' }] })}>
            Add a column
          </Button>
        </div>
      </div>
    </details>
  );
}
