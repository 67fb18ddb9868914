import { LOCALE } from './locale.ts';

const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const date = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short' });
const day = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeZone: 'UTC' });
const utc = new Intl.DateTimeFormat(LOCALE, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' });

/** `1234567` → `1,234,567` */
export function count(value: number | bigint): string {
  return whole.format(value);
}

/** `1 row`, `2 rows` */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `1500000` → `1.5 MB` */
export function bytes(value: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${short.format(value / 1000 ** power)} ${value === 1 ? 'byte' : units[power]}`;
}

/** `75` → `1 min 15 s` */
export function duration(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 === 0 ? `${s / 60} min` : `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** A moment in the time zone of the reader: `Jul 1, 2014, 2:30 AM` */
export function moment(iso: string): string {
  return date.format(new Date(iso));
}

/** A time of a row, which is in UTC: `Jul 1, 2014`, `Jul 1, 2014, 2:30 AM` */
export function rowTime(iso: string): string {
  const at = new Date(iso);
  return at.getTime() % 86_400_000 === 0 ? day.format(at) : utc.format(at);
}

/** Two times of rows: `Jul 1 – 3, 2014`, `Jul 1, 2014, 2:30 – 4:15 AM` */
export function rowTimes(from: string, to: string): string {
  const times = [new Date(from), new Date(to)] as const;
  const areDays = times.every((at) => at.getTime() % 86_400_000 === 0);
  return (areDays ? day : utc).formatRange(...times);
}

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', Number.POSITIVE_INFINITY],
] as const;

/** `2 minutes ago` */
export function ago(iso: string, now = Date.now()): string {
  let value = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size)
      return unit === 'second' && value > -5 ? 'just now' : relative.format(Math.trunc(value), unit);
    value /= size;
  }
  return moment(iso);
}
