import type { ColumnType } from '../model/columns.ts';
import { parseDate, parseTimestamp } from '../model/parse-times.ts';
import type { StoredValue } from '../table-store/table-store.ts';
import type { JsonValue, TableResult } from './json-values.ts';

/** The rows of a result as the table store writes them: the reverse of `jsonValue`, without loss. */
export function storedRows({ columns, rows }: TableResult): readonly (readonly StoredValue[])[] {
  return rows.map((row) => row.map((value, index) => storedValue(value, columns[index]?.type ?? 'text')));
}

function storedValue(value: JsonValue, type: ColumnType): StoredValue {
  if (value === null) return null;
  switch (type) {
    case 'integer':
      return BigInt(value as number | string);
    case 'number':
      return Number(value);
    case 'date':
      return parseDate(String(value));
    case 'timestamp':
      return parseTimestamp(String(value));
    default:
      return value;
  }
}
