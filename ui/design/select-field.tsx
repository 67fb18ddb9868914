import { ChevronDown } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import styles from './select-field.module.css';

export interface SelectFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly choices: readonly { readonly value: string; readonly label: string }[];
  readonly description?: ReactNode;
  readonly disabled?: boolean;
}

/** A choice of one from a list, as the browser and the phone show it. */
export function SelectField({ label, value, onChange, choices, description, disabled = false }: SelectFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <span className={styles.frame}>
        <select
          id={id}
          className={styles.select}
          value={value}
          disabled={disabled}
          onChange={(event) => onChange(event.target.value)}
        >
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
        <ChevronDown aria-hidden />
      </span>
      {description && <span className={styles.description}>{description}</span>}
    </div>
  );
}
