import type { CsvRecord } from './record-reader.ts';

const NUMBER_OR_BOOLEAN =
  /^(?:[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?|true|false|nan|null|[+-]?inf(?:inity)?)$/i;
const MONTH = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}';
const TIME = new RegExp(
  [
    '^\\d{1,4}[-/.]\\d{1,2}[-/.]\\d{1,4}(?:[T ].*)?$',
    '^\\d{1,2}:\\d{2}(?::\\d{2})?.*$',
    `^${MONTH}\\.? \\d{1,2},? \\d{4}(?: .*)?$`,
    `^\\d{1,2}[- ]${MONTH}\\.?[- ]\\d{2,4}(?: .*)?$`,
  ].join('|'),
  'i',
);

function isTime(field: string | null | undefined): boolean {
  return TIME.test(field?.trim() ?? '');
}

function isValueOrEmpty(field: string | null): boolean {
  const text = field?.trim() ?? '';
  return text === '' || NUMBER_OR_BOOLEAN.test(text) || isTime(text);
}

/**
 * Whether the first record names the columns: unless each of its fields is empty or a value (a number, a time, a boolean), or one
 * is a time in a column that continues with times, since no column is named by a time.
 *
 * @param sample the first record and some of those that follow
 */
export function isHeader([first, ...rows]: readonly CsvRecord[]): boolean {
  const fields = first?.fields ?? [];
  if (fields.every(isValueOrEmpty)) return false;
  return !fields.some((field, index) => {
    const below = rows.map((row) => row.fields[index]?.trim() ?? '').filter((text) => text !== '');
    return isTime(field) && below.length > 0 && below.every(isTime);
  });
}

/** Whether there is evidence for the header: a column with a name, followed mostly by values (numbers, times, booleans). */
export function showsHeader([first, ...rows]: readonly CsvRecord[]): boolean {
  return (first?.fields ?? []).some((field, index) => {
    const below = rows.map((row) => row.fields[index] ?? '').filter((text) => text.trim() !== '');
    return !isValueOrEmpty(field) && below.filter(isValueOrEmpty).length > below.length / 2;
  });
}
