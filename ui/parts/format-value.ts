import type { ColumnType } from '../../src/api/columns.ts';
import type { JsonValue } from '../../src/api/values.ts';

/** How times of a column are shown: to the day, month or year if they are the starts of such buckets. */
export type TimeDetail = 'full' | 'day' | 'month' | 'year';

const WALL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d(?::\d\d)?)?$/;
const decimals = new Intl.NumberFormat(undefined, { maximumFractionDigits: 20 });
const rounded = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });
const scientific = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumSignificantDigits: 6 });

const TIMES = {
  full: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' }),
  day: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }),
  month: new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' }),
  year: new Intl.DateTimeFormat(undefined, { year: 'numeric', timeZone: 'UTC' }),
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

/** A number with at most six significant digits. */
export function roundedText(value: number): string {
  return Math.abs(value) >= 1e15 ? scientific.format(value) : rounded.format(value);
}

/**
 * A time in the style of the reader's language, as its clock shows it: it is not moved to the reader's time zone. An offset other than
 * that of UTC is added.
 */
export function timeText(value: string, detail: TimeDetail = 'full'): string {
  const match = WALL.exec(value);
  if (!match) return value;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const wall = new Date(0);
  wall.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (hour === undefined) return TIMES[detail === 'full' ? 'day' : detail].format(wall);
  wall.setUTCHours(Number(hour), Number(minute), Number(second));
  if (detail !== 'full') return TIMES[detail].format(wall);
  const text = TIMES.full.format(wall).replace(new RegExp(`([:.]${second})`), `$1${fraction ?? ''}`);
  return zone === 'Z' || zone === undefined ? `${text} UTC` : `${text} ${offsetText(zone)}`;
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
