import type { JsonValue, TableResult } from '../../analysis/json-values.ts';
import { escapedFormula, quotedField } from '../../model/csv-field.ts';

/** A result as CSV, with values as in an export of the table: null is an empty field, and an empty text is `""`. */
export function resultCsv({ columns, rows }: TableResult, escapeFormulas: boolean): string {
  const text = (value: string): string => quotedField(escapeFormulas ? escapedFormula(value) : value);
  const field = (value: JsonValue, type: string): string => {
    if (value === null) return '';
    return type === 'text' ? text(String(value)) : String(value);
  };
  const lines = [
    columns.map(({ name }) => text(name)),
    ...rows.map((row) => row.map((value, index) => field(value, columns[index]?.type ?? 'text'))),
  ];
  return lines.map((fields) => `${fields.join(',')}\n`).join('');
}

/** A result as one JSON object per line. */
export function resultLines({ columns, rows }: TableResult): string {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const line = (row: readonly JsonValue[]): string =>
    `{${row.map((value, index) => `${names[index]}${JSON.stringify(value)}`).join(',')}}\n`;
  return rows.map(line).join('');
}
