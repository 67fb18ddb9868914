/** Arithmetic of the proleptic Gregorian calendar, for the years 1000 to 9999. */

export const SECONDS_PER_DAY = 86_400;

export const FIRST_YEAR = 1000;
export const LAST_YEAR = 9999;

/** Seconds from 1970-01-01T00:00:00 to the beginnings of the years 1000 and 10000. */
export const FIRST_SECOND = -30_610_224_000;
export const END_SECOND = 253_402_300_800;

const DAYS_BEFORE_MONTH = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

export function daysInMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** @returns days since 1970-01-01; NaN where there is no such day */
export function daysOf(year: number, month: number, day: number): number {
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1) return Number.NaN;
  if (day > 28 && day > daysInMonth(year, month)) return Number.NaN;
  const before = year - 1;
  const leapDays = ((before / 4) | 0) - ((before / 100) | 0) + ((before / 400) | 0);
  const leapDay = month > 2 && isLeapYear(year) ? 1 : 0;
  return before * 365 + leapDays + (DAYS_BEFORE_MONTH[month] as number) + leapDay + day - 719_163;
}

/** @returns 0 for Monday to 6 for Sunday */
export function weekdayOf(days: number): number {
  return (((days + 3) % 7) + 7) % 7;
}

const TWO_DIGITS: readonly string[] = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

let latestDays = Number.NaN;
let latestDay = '';

/** Writes a day as `YYYY-MM-DD`. Remembers the last one: neighbours in a column often lie on the same day. */
export function dayText(days: number): string {
  if (days === latestDays) return latestDay;
  latestDay = civilDay(days);
  latestDays = days;
  return latestDay;
}

/** By eras of 400 years: howardhinnant.github.io/date_algorithms.html */
function civilDay(days: number): string {
  // Never negative: the year 1000 lies after the first era.
  const shifted = days + 719_468;
  const era = (shifted / 146_097) | 0;
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${TWO_DIGITS[month]}-${TWO_DIGITS[day]}`;
}

let latestDayBytes = Buffer.alloc(0);
let latestDaysInBytes = Number.NaN;

/** Writes a day as `dayText` does, as bytes. @returns the place behind it */
export function writeDay(days: number, out: Buffer, at: number): number {
  if (days !== latestDaysInBytes) {
    latestDayBytes = Buffer.from(dayText(days));
    latestDaysInBytes = days;
  }
  for (let index = 0; index < 10; index++) out[at + index] = latestDayBytes[index] as number;
  return at + 10;
}

/** Writes a time as `timestampText` does, as bytes. @returns the place behind it */
export function writeTimestamp(seconds: number, micros: number, out: Buffer, at: number): number {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const ofDay = seconds - days * SECONDS_PER_DAY;
  const minute = (ofDay / 60) | 0;
  const hour = (minute / 60) | 0;
  writeDay(days, out, at);
  out[at + 10] = SPACE;
  writeTwoDigits(hour, out, at + 11);
  out[at + 13] = COLON;
  writeTwoDigits(minute - hour * 60, out, at + 14);
  out[at + 16] = COLON;
  writeTwoDigits(ofDay - minute * 60, out, at + 17);
  if (micros === 0) return at + 19;
  out[at + 19] = POINT;
  const high = (micros / 10_000) | 0;
  const low = micros - high * 10_000;
  const middle = (low / 100) | 0;
  writeTwoDigits(high, out, at + 20);
  writeTwoDigits(middle, out, at + 22);
  writeTwoDigits(low - middle * 100, out, at + 24);
  return at + 26;
}

const SPACE = 32;
const POINT = 46;
const COLON = 58;

function writeTwoDigits(value: number, out: Buffer, at: number): void {
  const tens = (value / 10) | 0;
  out[at] = 48 + tens;
  out[at + 1] = 48 + value - tens * 10;
}

/** ` hh:mm:` by minute of the day. */
const MINUTES: readonly string[] = Array.from(
  { length: 24 * 60 },
  (_, minute) => ` ${TWO_DIGITS[(minute / 60) | 0]}:${TWO_DIGITS[minute % 60]}:`,
);

/**
 * Writes a time in UTC as `YYYY-MM-DD hh:mm:ss`, with six digits of a fraction if it is not zero.
 *
 * @param seconds whole seconds since 1970-01-01T00:00:00Z, of the years 1000 to 9999
 * @param micros 0 to 999999, added to them
 */
export function timestampText(seconds: number, micros: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const ofDay = seconds - days * SECONDS_PER_DAY;
  const minute = (ofDay / 60) | 0;
  const text = dayText(days) + MINUTES[minute] + TWO_DIGITS[ofDay - minute * 60];
  return micros === 0 ? text : `${text}.${String(micros).padStart(6, '0')}`;
}
