import type { DecimalMark, ThousandsMark } from '../../model/value-format.ts';
import { COMMA_MARK, GROUPED_COMMA, GROUPED_POINT, GROUPED_WHOLE, markOf, POINT_MARK } from './read-number.ts';
import { scannedReadings } from './read-time.ts';
import { AMBIGUOUS_NUMBER, ANY_COMMA, ANY_INTEGER, ANY_NUMBER, ANY_POINT, SURELY_NUMBER } from './readings.ts';
import { clearScanned, scanned } from './scanned-time.ts';

const MINUS = 45;
const ZERO = 48;
/** Numbers of so many characters are exact as 64-bit floats. */
const MOST_BYTES = 16;
const MOST_DIGITS = 15;

/**
 * The readings that `classifyText` finds in texts as most numbers are written, from their bytes: at most 15 digits, with a minus, a decimal mark
 * or thousands marks.
 *
 * @returns 0 if the bytes are nothing like that; `classifyText` may still know them
 */
export function usualNumberReadings(bytes: Buffer, from: number, to: number): number {
  if (from >= to || to - from > MOST_BYTES) return 0;
  const first = bytes[from] === MINUS ? from + 1 : from;
  let runStart = first;
  let firstRun = 0;
  let marks = 0;
  let firstMark = 0;
  let lastMark = 0;
  let inThrees = true;
  for (let at = first; at < to; at++) {
    const code = bytes[at] as number;
    if (code >= 48 && code <= 57) continue;
    // The bytes of other marks than these belong to characters of several bytes.
    const mark = code < 128 ? markOf(code) : 0;
    if (mark === 0) return 0;
    const run = at - runStart;
    if (marks === 0) {
      firstRun = run;
      firstMark = mark;
    } else {
      if (lastMark !== firstMark) return 0;
      if (run !== 3) inThrees = false;
    }
    lastMark = mark;
    marks++;
    runStart = at + 1;
  }
  const lastRun = to - runStart;
  const startsWithZero = bytes[first] === ZERO;
  if (marks === 0) return wholeReadings(bytes, first, to, first > from);
  if (firstRun === 0 || lastRun === 0 || (startsWithZero && firstRun > 1)) return 0;
  const grouped = inThrees && firstRun <= 3 && !startsWithZero;
  if (marks > 1 && lastMark !== firstMark) {
    if (!grouped) return 0;
    if (lastMark === POINT_MARK) return (GROUPED_POINT[firstMark] as number) | SURELY_NUMBER;
    return lastMark === COMMA_MARK ? (GROUPED_COMMA[firstMark] as number) | SURELY_NUMBER : 0;
  }
  const whole = grouped && lastRun === 3 ? (GROUPED_WHOLE[firstMark] as number) : 0;
  if (marks > 1 || lastMark > COMMA_MARK) return whole;
  const decimal = lastMark === POINT_MARK ? ANY_POINT : ANY_COMMA;
  return whole === 0 ? decimal | SURELY_NUMBER : decimal | whole | AMBIGUOUS_NUMBER;
}

/** Of digits only, maybe behind a minus. */
function wholeReadings(bytes: Buffer, first: number, to: number, isNegative: boolean): number {
  const digits = to - first;
  const startsWithZero = bytes[first] === ZERO;
  if (digits === 0 || digits > MOST_DIGITS || (startsWithZero && digits > 1)) return 0;
  if (isNegative && startsWithZero) return ANY_NUMBER;
  const readings = ANY_INTEGER | ANY_NUMBER;
  return digits === 8 && !isNegative ? readings | basicDateReadings(bytes, first) : readings;
}

/** `20240102` is an integer, too. */
function basicDateReadings(bytes: Buffer, first: number): number {
  let value = 0;
  for (let at = first; at < first + 8; at++) value = value * 10 + (bytes[at] as number) - ZERO;
  clearScanned();
  scanned.basic = true;
  scanned.year = (value / 10_000) | 0;
  scanned.month = ((value / 100) | 0) % 100;
  scanned.day = value % 100;
  return scannedReadings();
}

/**
 * Writes a number as `canonicalNumber` and `canonicalInteger` do, as bytes.
 *
 * @param from where bytes begin that have a usual reading of this style
 * @returns the place behind it
 */
export function writeUsualNumber(
  bytes: Buffer,
  from: number,
  to: number,
  decimal: DecimalMark,
  thousands: ThousandsMark | null,
  out: Buffer,
  at: number,
): number {
  const decimalMark = decimal.charCodeAt(0);
  const thousandsMark = thousands === null ? -1 : thousands.charCodeAt(0);
  let next = at;
  for (let index = from; index < to; index++) {
    const code = bytes[index] as number;
    if (code === thousandsMark) continue;
    out[next++] = code === decimalMark ? POINT : code;
  }
  return next;
}

const POINT = 46;
