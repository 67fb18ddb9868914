import { SECONDS_PER_DAY } from './calendar.ts';
import { clearScanned, scanned } from './scanned-time.ts';

/** Decimal digits of a second, by the declared unit. */
export const EPOCH_DIGITS: Readonly<Record<string, number>> = { epoch_s: 0, epoch_ms: 3, epoch_us: 6, epoch_ns: 9 };

const EPOCH = /^(-?)(0|[1-9]\d{0,20})(?:\.(\d{1,20}))?$/;

/**
 * Scans a number of seconds since 1970-01-01T00:00:00Z, or of parts of a second. Exact: no arithmetic on more than 15 digits.
 *
 * @param digits how many decimal digits of a second the unit is: 3 for milliseconds
 */
export function scanEpoch(text: string, digits: number): boolean {
  const match = EPOCH.exec(text);
  if (match === null) return false;
  const [, sign, whole = '', fraction = ''] = match;
  const padded = whole.padStart(digits + 1, '0');
  const split = padded.length - digits;
  let seconds = Number(padded.slice(0, split));
  const parts = padded.slice(split) + fraction;
  let micros = Number(parts.slice(0, 6).padEnd(6, '0'));
  clearScanned();
  scanned.pastMicrosecond = /[1-9]/.test(parts.slice(6));
  if (sign === '-') {
    seconds = micros === 0 ? -seconds : -seconds - 1;
    micros = micros === 0 ? 0 : 1_000_000 - micros;
  }
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  scanned.form = 'counted';
  scanned.day = days;
  scanned.hasClock = true;
  scanned.clock = seconds - days * SECONDS_PER_DAY;
  scanned.micros = micros;
  scanned.hasOffset = true;
  return true;
}
