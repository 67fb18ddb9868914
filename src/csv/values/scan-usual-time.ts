import { clearScanned, scanned } from './scanned-time.ts';
import { MONTH_NAMES } from './time-words.ts';

const DASH = 45;
const PLUS = 43;
const DOT = 46;
const SLASH = 47;
const COLON = 58;
const SPACE = 32;
const T = 84;
const Z = 90;

/** The two digits at a place; 100 if they are none. */
function twoDigits(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - 48;
  const ones = (bytes[at + 1] as number) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

/**
 * Scans the forms that most times have, from bytes and without a text, with the same result as `scanTime`: `2024-01-02` and `02/01/2024` with
 * any of `-/.`, or `02-Jan-2024` with a hyphen, a slash or spaces; and behind it ` 03:04`, `T03:04:05.678`, and `Z`, `UTC`, `GMT`, `+01`, `+0100` or `+01:00`, maybe behind a space.
 *
 * @returns whether the bytes have one of these forms, and a possible time of day; if not, `scanTime` may still know it
 */
export function scanUsualTime(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < 10) return false;
  if (((bytes[from + 3] as number) | 32) > 96) return scanUsualNamed(bytes, from, to);
  const separator = bytes[from + 4] as number;
  const yearFirst = separator === DASH || separator === SLASH || separator === DOT;
  const first = twoDigits(bytes, from);
  const last = twoDigits(bytes, from + 8);
  if (first === 100 || last === 100) return false;
  const a = twoDigits(bytes, from + (yearFirst ? 2 : 3));
  const b = twoDigits(bytes, from + (yearFirst ? 5 : 6));
  if (a === 100 || b === 100) return false;
  const between = bytes[from + (yearFirst ? 7 : 2)] as number;
  const other = yearFirst ? separator : (bytes[from + 5] as number);
  if (between !== other || (other !== DASH && other !== SLASH && other !== DOT)) return false;

  clearScanned();
  if (yearFirst) {
    scanned.year = first * 100 + a;
    scanned.month = b;
    scanned.day = last;
  } else {
    scanned.form = 'numeric';
    scanned.first = first;
    scanned.second = a;
    scanned.third = b * 100 + last;
    scanned.dotted = other === DOT;
  }
  return to - from === 10 || scanUsualClock(bytes, from + 10, to, false);
}

/** `02-Jan-2024` */
function scanUsualNamed(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < 11) return false;
  const separator = bytes[from + 2] as number;
  if ((separator !== DASH && separator !== SLASH && separator !== SPACE) || bytes[from + 6] !== separator) return false;
  const day = twoDigits(bytes, from);
  const century = twoDigits(bytes, from + 7);
  const year = twoDigits(bytes, from + 9);
  const month = MONTHS_BY_LETTERS.get(lettersAt(bytes, from + 3));
  if (month === undefined || day === 100 || century === 100 || year === 100) return false;
  clearScanned();
  scanned.year = century * 100 + year;
  scanned.month = month;
  scanned.day = day;
  // Web servers log 10/Oct/2000:13:55:36.
  return to - from === 11 || scanUsualClock(bytes, from + 11, to, true);
}

/** A number for three letters in any case. */
function lettersAt(bytes: Buffer, at: number): number {
  return (bytes.readUIntBE(at, 3) | 0x202020) >>> 0;
}

/** By the letters of their short names. */
const MONTHS_BY_LETTERS: ReadonlyMap<number, number> = new Map(
  MONTH_NAMES.map((name, index) => [lettersAt(Buffer.from(name), 0), index + 1]),
);

/** @param colon whether a colon may stand before it */
function scanUsualClock(bytes: Buffer, from: number, to: number, colon: boolean): boolean {
  const code = bytes[from];
  const isBetween = code === SPACE || code === T || (colon && code === COLON);
  if (to - from < 6 || !isBetween || bytes[from + 3] !== COLON) return false;
  const hour = twoDigits(bytes, from + 1);
  const minute = twoDigits(bytes, from + 4);
  if (hour > 23 || minute > 59) return false;
  let second = 0;
  let at = from + 6;
  if (at < to && bytes[at] === COLON) {
    second = to - at < 3 ? 100 : twoDigits(bytes, at + 1);
    if (second > 59) return false;
    at += 3;
    if (at < to && bytes[at] === DOT) at = scanUsualFraction(bytes, at + 1, to);
    if (at < 0) return false;
  }
  scanned.hasClock = true;
  scanned.clock = hour * 3600 + minute * 60 + second;
  return at === to || scanUsualOffset(bytes, at, to);
}

/** @returns the place behind it; -1 if it has no digits */
function scanUsualFraction(bytes: Buffer, from: number, to: number): number {
  let micros = 0;
  let at = from;
  for (; at < to; at++) {
    const digit = (bytes[at] as number) - 48;
    if (digit < 0 || digit > 9) break;
    if (at < from + 6) micros = micros * 10 + digit;
    else if (digit !== 0) scanned.pastMicrosecond = true;
  }
  for (let missing = from + 6 - at; missing > 0; missing--) micros *= 10;
  scanned.micros = micros;
  return at > from ? at : -1;
}

function scanUsualOffset(bytes: Buffer, behindClock: number, to: number): boolean {
  const at = bytes[behindClock] === SPACE ? behindClock + 1 : behindClock;
  const sign = bytes[at];
  scanned.hasOffset = true;
  if (sign === Z) return at + 1 === to;
  if (sign !== PLUS && sign !== DASH) return at + 3 === to && isUtc(bytes, at);
  const digits = to - at - 1;
  const hasColon = digits === 5 && bytes[at + 3] === COLON;
  if (digits !== 2 && digits !== 4 && !hasColon) return false;
  const hours = twoDigits(bytes, at + 1);
  const minutes = digits === 2 ? 0 : twoDigits(bytes, hasColon ? at + 4 : at + 3);
  if (hours > 15 || minutes > 59) return false;
  scanned.offset = (hours * 3600 + minutes * 60) * (sign === PLUS ? 1 : -1);
  return true;
}

/** UTC or GMT */
function isUtc(bytes: Buffer, at: number): boolean {
  const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  return (a === 85 && b === 84 && c === 67) || (a === 71 && b === 77 && c === 84);
}
