import { SECONDS_PER_DAY } from './calendar.ts';
import { clearScanned, scanned } from './scanned-time.ts';

/** Decimal digits of a second, by the declared unit. */
export const EPOCH_DIGITS: Readonly<Record<string, number>> = { epoch_s: 0, epoch_ms: 3, epoch_us: 6, epoch_ns: 9 };

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
/** Before and behind the point. More seconds than there are in the years up to 9999 need not be exact. */
const MOST_WHOLE_DIGITS = 21;
const MOST_FRACTION_DIGITS = 20;

/**
 * Scans a number of seconds since 1970-01-01T00:00:00Z, or of parts of a second, from its bytes. Exact, since seconds and parts are read apart.
 *
 * @param digits how many decimal digits of a second the unit is: 3 for milliseconds
 */
export function scanEpoch(bytes: Buffer, from: number, to: number, digits: number): boolean {
  const isNegative = bytes[from] === MINUS;
  const start = isNegative ? from + 1 : from;
  let point = start;
  while (point < to && isDigit(bytes[point] as number)) point++;
  const wholeDigits = point - start;
  if (wholeDigits === 0 || wholeDigits > MOST_WHOLE_DIGITS) return false;
  if (bytes[start] === ZERO && wholeDigits > 1) return false;
  if (point < to) {
    const fractionDigits = to - point - 1;
    if (bytes[point] !== POINT || fractionDigits === 0 || fractionDigits > MOST_FRACTION_DIGITS) return false;
  }
  let seconds = 0;
  let micros = 0;
  let pastMicrosecond = false;
  // The decimal place of a second that a digit is at: 1 for tenths.
  let place = digits - wholeDigits + 1;
  for (let at = start; at < to; at++) {
    if (at === point) continue;
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return false;
    if (place <= 0) seconds = seconds * 10 + digit;
    else if (place <= 6) micros += digit * (PARTS[place] as number);
    else if (digit !== 0) pastMicrosecond = true;
    place++;
  }
  if (isNegative) {
    seconds = micros === 0 ? -seconds : -seconds - 1;
    micros = micros === 0 ? 0 : 1_000_000 - micros;
  }
  clearScanned();
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  scanned.form = 'counted';
  scanned.day = days;
  scanned.hasClock = true;
  scanned.clock = seconds - days * SECONDS_PER_DAY;
  scanned.micros = micros;
  scanned.pastMicrosecond = pastMicrosecond;
  scanned.hasOffset = true;
  return true;
}

/** Microseconds by decimal place. */
const PARTS: readonly number[] = [0, 100_000, 10_000, 1000, 100, 10, 1];

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
