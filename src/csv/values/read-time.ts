import type { DateOrder } from '../../model/value-format.ts';
import { ASCII, putAscii } from './ascii-bytes.ts';
import { daysOf, END_SECOND, FIRST_SECOND, SECONDS_PER_DAY, weekdayOf } from './calendar.ts';
import {
  ANY_ORDER,
  BASIC_DATE,
  CLOCK,
  DMY,
  DMY_OR_MDY,
  DMY_OR_YMD,
  DOTTED,
  HAS_CLOCK,
  HAS_OFFSET,
  MDY,
  MDY_OR_YMD,
  NOT_MIDNIGHT,
  PAST_MICROSECOND,
  TWO_DIGIT_YEAR,
  YMD,
} from './readings.ts';
import { scanTime } from './scan-time.ts';
import { scanUsualTime } from './scan-usual-time.ts';
import { fullYear, scanned } from './scanned-time.ts';

/** The readings of a text as a time. @param text without spaces around it, at most 80 characters */
export function timeReadings(text: string): number {
  return scanUsualTime(ASCII, 0, putAscii(text)) || scanTime(text) ? scannedReadings() : 0;
}

/** The readings of what was scanned last. */
export function scannedReadings(): number {
  if (scanned.fault !== null) return 0;
  if (scanned.form === 'clock') {
    return CLOCK | (scanned.hasOffset ? HAS_OFFSET : 0) | (scanned.pastMicrosecond ? PAST_MICROSECOND : 0);
  }
  let readings = 0;
  if (scanned.form !== 'numeric') {
    if (Number.isNaN(scannedDays('dmy'))) return 0;
    // 24-Jan-02 has its year last, unless years were declared to come first: then it is rejected.
    readings = scanned.twoDigitYear ? DMY | MDY : ANY_ORDER;
    if (scanned.basic) readings |= BASIC_DATE;
  } else {
    const dmy = scannedDays('dmy');
    const mdy = scannedDays('mdy');
    const ymd = scannedDays('ymd');
    const isDmy = !Number.isNaN(dmy);
    const isMdy = !Number.isNaN(mdy);
    const isYmd = !Number.isNaN(ymd);
    if (!isDmy && !isMdy && !isYmd) return 0;
    if (isDmy) readings |= DMY;
    if (isMdy) readings |= MDY;
    if (isYmd) readings |= YMD;
    if (isDmy && isMdy && dmy !== mdy) readings |= DMY_OR_MDY;
    if (isDmy && isYmd && dmy !== ymd) readings |= DMY_OR_YMD;
    if (isMdy && isYmd && mdy !== ymd) readings |= MDY_OR_YMD;
    if (scanned.dotted) readings |= DOTTED;
  }
  if (scanned.twoDigitYear) readings |= TWO_DIGIT_YEAR;
  if (!scanned.hasClock) return readings;
  readings |= HAS_CLOCK;
  if (scanned.clock !== 0 || scanned.micros !== 0 || scanned.pastMicrosecond || scanned.offset !== 0)
    readings |= NOT_MIDNIGHT;
  if (scanned.hasOffset) readings |= HAS_OFFSET;
  if (scanned.pastMicrosecond) readings |= PAST_MICROSECOND;
  return readings;
}

/**
 * The day that was scanned last, in this order of its parts.
 *
 * @returns days since 1970-01-01; NaN where there is no such day, where it has another weekday than the text names, or where
 *   its time lies outside of the years 1000 to 9999
 */
export function scannedDays(order: DateOrder): number {
  const { form, first, second, third } = scanned;
  let days: number;
  if (form === 'fixed') days = daysOf(scanned.year, scanned.month, scanned.day);
  else if (form === 'counted') days = scanned.day;
  else if (order === 'ymd') days = scanned.firstMayBeYear ? daysOf(fullYear(first), second, third) : Number.NaN;
  else {
    const year = scanned.twoDigitYear ? fullYear(third) : third;
    days = order === 'dmy' ? daysOf(year, second, first) : daysOf(year, first, second);
  }
  if (scanned.weekday >= 0 && weekdayOf(days) !== scanned.weekday) return Number.NaN;
  const seconds = days * SECONDS_PER_DAY + scanned.clock - scanned.offset;
  return seconds >= FIRST_SECOND && seconds < END_SECOND ? days : Number.NaN;
}
