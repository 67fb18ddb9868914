import type { ColumnType } from '../../src/api/columns.ts';
import type { JsonValue } from '../../src/api/values.ts';
import { type TimeDetail, valueText } from './format-value.ts';
import styles from './value.module.css';

export interface ValueProps {
  readonly value: JsonValue;
  readonly type: ColumnType;
  readonly detail?: TimeDetail;
}

/** A value of a table. Null and the empty text look different from each other and from any text. */
export function Value({ value, type, detail }: ValueProps) {
  if (value === null) return <span className={styles.null}>null</span>;
  if (value === '') return <span className={styles.empty}>empty text</span>;
  return valueText(value, type, detail);
}
