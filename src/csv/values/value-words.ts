import type { DateOrder } from '../../model/value-format.ts';
import { dayText } from './calendar.ts';
import { canonicalNumber } from './canonical-number.ts';
import { scannedDays, timeReadings } from './read-time.ts';
import { ORDER_BITS } from './readings.ts';
import { MONTH_NAMES } from './time-words.ts';
import type { Values } from './values.ts';

/** `2 January 2024`; null if the text has no such day. */
export function dayInWords(text: string, order: DateOrder): string | null {
  if ((timeReadings(text) & ORDER_BITS[order]) === 0) return null;
  const [year, month, day] = dayText(scannedDays(order)).split('-').map(Number);
  const name = MONTH_NAMES[(month ?? 1) - 1] as string;
  return `${day} ${name[0]?.toUpperCase()}${name.slice(1)} ${year}`;
}

/** An ambiguous number such as `1.250`, by the decimal mark that it is taken to have: `1.25` or `1250`. */
export function numberInWords(text: string, decimal: '.' | ','): string {
  return String(Number(canonicalNumber(text, decimal, decimal === '.' ? ',' : '.')));
}

/** `3 values`, `1 value`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** `Line 5: 'Total'` */
export function whereIs({ line, text }: Pick<Values, 'line' | 'text'>): string {
  return `Line ${line}: '${text}'`;
}
