import { useState } from 'react';
import type { FileOptions } from '../../src/api/upload-options.ts';
import type { Decisions } from '../data/choosing/chosen-file.ts';
import { Button } from '../design/button.tsx';
import { TextField } from '../design/field.tsx';
import { SelectField } from '../design/select-field.tsx';
import styles from './chosen.module.css';

export interface ReadingOptionsProps {
  readonly options: FileOptions;
  readonly onChange: (decisions: Decisions) => void;
  /** Whether they are shown at first. */
  readonly open?: boolean;
}

interface Choice {
  readonly name: 'delimiter' | 'header' | 'encoding' | 'decimal' | 'date_order';
  readonly label: string;
  readonly values: readonly (readonly [value: string, label: string])[];
}

const CHOICES: readonly Choice[] = [
  {
    name: 'delimiter',
    label: 'Fields are separated by',
    values: [
      ['comma', 'Comma'],
      ['semicolon', 'Semicolon'],
      ['tab', 'Tab'],
      ['pipe', 'Vertical bar'],
      ['space', 'Space'],
    ],
  },
  {
    name: 'header',
    label: 'First line',
    values: [
      ['true', 'Column names'],
      ['false', 'A row'],
    ],
  },
  {
    name: 'encoding',
    label: 'Encoding',
    values: [
      ['utf-8', 'UTF-8'],
      ['windows-1252', 'Windows-1252 (Latin-1)'],
      ['windows-1250', 'Windows-1250'],
      ['windows-1251', 'Windows-1251'],
      ['utf-16le', 'UTF-16'],
      ['shift_jis', 'Shift JIS'],
      ['gb18030', 'GB 18030'],
    ],
  },
  {
    name: 'decimal',
    label: 'Decimal mark',
    values: [
      ['.', 'Point'],
      [',', 'Comma'],
    ],
  },
  {
    name: 'date_order',
    label: 'Dates',
    values: [
      ['dmy', 'Day, month, year'],
      ['mdy', 'Month, day, year'],
      ['ymd', 'Year, month, day'],
    ],
  },
];

/** How a file is read, where the user knows better than the server. */
export function ReadingOptions({ options, onChange, open = false }: ReadingOptionsProps) {
  const [zone, setZone] = useState(options.time_zone ?? '');
  return (
    <details className={styles.options} open={open}>
      <summary>Change how the file is read</summary>
      <div className={styles.fields}>
        {CHOICES.map(({ name, label, values }) => (
          <SelectField
            key={name}
            label={label}
            value={String(options[name] ?? '')}
            choices={[{ value: '', label: 'Detected' }, ...values.map(([value, text]) => ({ value, label: text }))]}
            onChange={(value) =>
              onChange({ [name]: value === '' ? undefined : name === 'header' ? value === 'true' : value })
            }
          />
        ))}
        <SelectField
          label="Rows that do not fit"
          value={options.on_error ?? ''}
          choices={[
            { value: '', label: 'Load nothing' },
            { value: 'skip', label: 'Load the other rows' },
          ]}
          onChange={(value) => onChange({ on_error: value === 'skip' ? 'skip' : undefined })}
        />
        <SelectField
          label="Columns that they do not fit"
          value={options.widen ?? ''}
          choices={[
            { value: '', label: 'Keep their type' },
            { value: 'text', label: 'Become text' },
          ]}
          onChange={(value) => onChange({ widen: value === '' ? undefined : value })}
        />
        <form
          className={styles.zone}
          onSubmit={(event) => {
            event.preventDefault();
            onChange({ time_zone: zone.trim() === '' ? undefined : zone.trim() });
          }}
        >
          <TextField label="Time zone" placeholder="UTC" value={zone} onValueChange={setZone} />
          <Button type="submit">Apply</Button>
        </form>
      </div>
    </details>
  );
}
