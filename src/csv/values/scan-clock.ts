import { SECONDS_PER_DAY } from './calendar.ts';
import { scanned } from './scanned-time.ts';
import {
  advance,
  COLON,
  COMMA,
  DOT,
  digitsRead,
  HYPHEN,
  isAtLetter,
  isDigit,
  isLetter,
  PLUS,
  peek,
  place,
  readNumber,
  readWord,
  returnTo,
  skipComment,
  skipSpaces,
} from './text-cursor.ts';

const A = 97;
const M = 109;
const P = 112;

/** Whether one or two digits and a colon follow. */
export function isAtClock(): boolean {
  return isDigit(peek()) && (peek(1) === COLON || (isDigit(peek(1)) && peek(2) === COLON));
}

/**
 * Scans a time of day.
 *
 * @param basic whether it may be written without colons
 * @returns whether it is written like one; `scanned` has a fault if it is none
 */
export function scanClock(basic: boolean): boolean {
  let hour = readNumber();
  const digits = digitsRead();
  let minute = 0;
  let second = 0;
  if (peek() === COLON) {
    if (digits !== 1 && digits !== 2) return false;
    advance();
    minute = readNumber(2);
    if (digitsRead() !== 2) return false;
    if (peek() === COLON) {
      advance();
      second = readNumber(2);
      if (digitsRead() !== 2) return false;
      scanFraction();
    }
  } else {
    if (!basic || (digits !== 4 && digits !== 6)) return false;
    if (digits === 6) {
      second = hour % 100;
      hour = (hour / 100) | 0;
      scanFraction();
    }
    minute = hour % 100;
    hour = (hour / 100) | 0;
  }
  setClock(hour, minute, second, scanHalf());
  return true;
}

/** @param half '' for a clock of 24 hours */
export function setClock(hour: number, minute: number, second: number, half: '' | 'am' | 'pm'): void {
  const ofDay = half === '' ? hour : (hour % 12) + (half === 'pm' ? 12 : 0);
  scanned.hasClock = true;
  scanned.clock = ofDay * 3600 + minute * 60 + second;
  if (minute > 59 || second > 60 || (half !== '' && (hour < 1 || hour > 12))) scanned.fault = 'clock';
  else if (second === 60) scanned.fault = 'leap_second';
  // ISO 8601: 24:00:00 is the end of a day, the same moment as 00:00:00 of the next.
  else if (hour > 23 && (scanned.clock !== SECONDS_PER_DAY || scanned.micros !== 0 || scanned.pastMicrosecond))
    scanned.fault = 'clock';
}

/** A point or a comma, and digits. */
function scanFraction(): void {
  if ((peek() !== DOT && peek() !== COMMA) || !isDigit(peek(1))) return;
  advance();
  scanFractionDigits();
}

/** Digits behind the decimal mark of a second. @returns whether there are any */
export function scanFractionDigits(): boolean {
  let micros = readNumber(6);
  const digits = digitsRead();
  for (let missing = 6 - digits; missing > 0; missing--) micros *= 10;
  scanned.micros = micros;
  for (; isDigit(peek()); advance()) {
    if (peek() !== 48) scanned.pastMicrosecond = true;
  }
  return digits > 0;
}

/** AM or PM, with points or without, behind spaces or none. @returns '' for neither */
export function scanHalf(): '' | 'am' | 'pm' {
  const before = place();
  skipSpaces();
  const isMorning = isAtLetter(A);
  if (isMorning || isAtLetter(P)) {
    advance();
    if (peek() === DOT) advance();
    if (isAtLetter(M)) {
      advance();
      if (peek() === DOT) advance();
      if (!isLetter(peek())) return isMorning ? 'am' : 'pm';
    }
  }
  returnTo(before);
  return '';
}

/** Scans Z, UTC, GMT, or an offset, then perhaps a comment, as in e-mail: `+0000 (UTC)`. Stays in place if there is none. */
export function scanOffset(): void {
  const before = place();
  skipSpaces();
  if (!scanUtcOrOffset()) {
    returnTo(before);
    return;
  }
  const behind = place();
  if (!skipSpaces() || !skipComment()) returnTo(behind);
}

function scanUtcOrOffset(): boolean {
  if (isAtSign()) {
    if (!scanSigned(2)) return false;
    // Go and Ruby write +0000 UTC.
    const behind = place();
    if (scanned.offset === 0 && skipSpaces() && !isUtc(readWord())) returnTo(behind);
    return true;
  }
  const name = readWord();
  if (name !== 'z' && !isUtc(name)) return false;
  scanned.hasOffset = true;
  return name === 'z' || !isAtSign() || scanSigned(1);
}

function isAtSign(): boolean {
  return peek() === PLUS || peek() === HYPHEN;
}

function isUtc(name: string): boolean {
  return name === 'utc' || name === 'gmt' || name === 'ut';
}

/** An offset from its sign on: hours; hours and minutes; or, as before standard time, hours, minutes and seconds. */
function scanSigned(leastDigits: number): boolean {
  const isEast = peek() === PLUS;
  advance();
  let hours = readNumber(6);
  const digits = digitsRead();
  let minutes = 0;
  let seconds = 0;
  if (digits < leastDigits || digits === 3 || digits === 5 || isDigit(peek())) return false;
  if (digits === 6) {
    seconds = hours % 100;
    hours = (hours / 100) | 0;
  }
  if (digits >= 4) {
    minutes = hours % 100;
    hours = (hours / 100) | 0;
  } else if (peek() === COLON) {
    advance();
    minutes = readNumber(2);
    if (digitsRead() !== 2) return false;
    if (peek() === COLON) {
      advance();
      seconds = readNumber(2);
      if (digitsRead() !== 2) return false;
    }
  }
  scanned.hasOffset = true;
  // PostgreSQL's range. Zones lie between -12:00 and +14:00; some were a little further out before standard time.
  if (hours > 15 || minutes > 59 || seconds > 59) scanned.fault ??= 'offset';
  const offset = hours * 3600 + minutes * 60 + seconds;
  scanned.offset = isEast ? offset : -offset;
  return true;
}
