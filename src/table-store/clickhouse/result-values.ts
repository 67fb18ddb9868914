import type { ColumnType } from '../../model/columns.ts';
import type { StoredValue } from '../table-store.ts';

const SPECIAL_NUMBERS: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  '-nan': Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
};

/** A value of JSONCompactEachRow, in which integers are texts. */
export function storedValue(value: unknown, type: ColumnType): StoredValue {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'integer':
    case 'date':
    case 'timestamp':
      return BigInt(value as string | number);
    case 'number':
      return typeof value === 'string' ? (SPECIAL_NUMBERS[value] ?? Number(value)) : (value as number);
    case 'boolean':
      return value === true || value === 1;
    case 'text':
      return value as string;
    case 'unknown':
      return null;
  }
}
