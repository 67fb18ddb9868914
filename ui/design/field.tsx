import { Field as Base } from '@base-ui/react/field';
import type { ComponentProps } from 'react';
import styles from './field.module.css';

export interface TextFieldProps extends Omit<ComponentProps<typeof Base.Control>, 'className'> {
  readonly label: string;
  readonly description?: string | undefined;
  /** What is wrong with the text, and what to do. */
  readonly error?: string | null | undefined;
}

/** A text field with its label, an explanation, and what is wrong with its text. */
export function TextField({ label, description, error, ...control }: TextFieldProps) {
  return (
    <Base.Root className={styles.field} invalid={Boolean(error)}>
      <Base.Label className={styles.label}>{label}</Base.Label>
      <Base.Control className={styles.input} autoComplete="off" spellCheck={false} {...control} />
      {description && !error && <Base.Description className={styles.description}>{description}</Base.Description>}
      {error && (
        <Base.Error className={styles.error} match>
          {error}
        </Base.Error>
      )}
    </Base.Root>
  );
}
