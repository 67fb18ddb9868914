import { type FormEvent, useId, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { count } from '../../design/figures.ts';
import styles from './table.module.css';

/** A field for the number of a row. */
export function GoToRow({ rows, onGo }: { readonly rows: number; readonly onGo: (row: number) => void }) {
  const id = useId();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    // As people write and paste numbers.
    const row = Number(text.replace(/[\s,.'’_]/g, ''));
    const isRow = text.trim() !== '' && Number.isSafeInteger(row) && row >= 1 && row <= rows;
    setWrong(!isRow);
    if (isRow) onGo(row - 1);
  };
  return (
    <form className={styles.goTo} onSubmit={submit}>
      <label htmlFor={id}>Go to row</label>
      <input
        id={id}
        className={styles.goToField}
        value={text}
        inputMode="numeric"
        autoComplete="off"
        placeholder={`1 – ${count(rows)}`}
        aria-invalid={wrong}
        aria-describedby={`${id}-wrong`}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit">Go</Button>
      <span id={`${id}-wrong`} role="alert" className={styles.wrong}>
        {wrong && `Enter a number from 1 to ${count(rows)}.`}
      </span>
    </form>
  );
}
