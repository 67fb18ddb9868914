import type { ColumnType } from '../../src/api/columns.ts';
import type { JsonValue } from '../../src/api/values.ts';
import { LOCALE } from '../design/locale.ts';

/** How times of a column are shown: to the minute, day, month or year if they are the starts of such buckets. */
export type TimeDetail = 'full' | 'minute' | 'day' | 'month' | 'year';

const WALL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)?$/;
const decimals = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 20 });
const rounded = [4, 2].map((digits) => new Intl.NumberFormat(LOCALE, { maximumFractionDigits: digits }));
const small = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 4 });
const scientific = new Intl.NumberFormat(LOCALE, { notation: 'scientific', maximumSignificantDigits: 6 });

const TIMES = {
  full: new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' }),
  minute: new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }),
  day: new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeZone: 'UTC' }),
  month: new Intl.DateTimeFormat(LOCALE, { month: 'long', year: 'numeric', timeZone: 'UTC' }),
  year: new Intl.DateTimeFormat(LOCALE, { year: 'numeric', timeZone: 'UTC' }),
} as const;

/** A number in the style of the reader's language, with all its digits. */
export function numberText(value: number | string): string {
  if (typeof value === 'number') {
    if (value !== 0 && (Math.abs(value) >= 1e15 || Math.abs(value) < 1e-6)) return scientific.format(value);
    return decimals.format(value);
  }
  if (/^-?\d+$/.test(value)) return decimals.format(BigInt(value));
  return value === 'NaN' ? 'not a number' : value.replace('Infinity', '∞');
}

/** A number with as many decimals as are worth reading. */
export function roundedText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e15 || (size < 1e-6 && size > 0)) return scientific.format(value);
  if (size < 1) return small.format(value);
  return (size < 1000 ? rounded[0] : rounded[1])?.format(value) ?? '';
}

/**
 * A time in the style of the reader's language, as its clock shows it: it is not moved to the reader's time zone. An offset other than
 * that of UTC is added, and that of UTC too in full times.
 */
export function timeText(value: string, detail: TimeDetail = 'full'): string {
  const match = WALL.exec(value);
  if (!match) return value;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const wall = new Date(0);
  wall.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isClock = detail === 'full' || detail === 'minute';
  if (hour === undefined) return TIMES[isClock ? 'day' : detail].format(wall);
  wall.setUTCHours(Number(hour), Number(minute), Number(second));
  if (!isClock) return TIMES[detail].format(wall);
  const isUtc = zone === 'Z' || zone === undefined;
  if (detail === 'minute') return `${TIMES.minute.format(wall)}${isUtc ? '' : ` ${offsetText(zone)}`}`;
  const text = TIMES.full.format(wall).replace(new RegExp(`([:.]${second})`), `$1${fraction ?? ''}`);
  return isUtc ? `${text} UTC` : `${text} ${offsetText(zone)}`;
}

/** `+02:00` → `UTC+2` */
function offsetText(zone: string): string {
  return `UTC${zone.replace(/^([+-])0/, '$1').replace(/:00$/, '')}`;
}

/** A value in the style of the reader's language. The empty text for null. */
export function valueText(value: JsonValue, type: ColumnType, detail: TimeDetail = 'full'): string {
  if (value === null) return '';
  if (type === 'integer' || type === 'number') return numberText(value as number | string);
  if (type === 'date' || type === 'timestamp') return timeText(String(value), detail);
  return String(value);
}

/** A value as it is stored, to be copied. */
export function exactText(value: JsonValue): string {
  return value === null ? '' : String(value);
}
