import { isAtClock, scanClock, scanOffset } from './scan-clock.ts';
import { clearScanned, fullYear, scanned } from './scanned-time.ts';
import {
  advance,
  COLON,
  COMMA,
  DOT,
  digitsRead,
  HYPHEN,
  isAtEnd,
  isAtLetter,
  isLetter,
  peek,
  readNumber,
  readWord,
  SLASH,
  skipSpaces,
  startAt,
} from './text-cursor.ts';
import { MONTHS, WEEKDAYS } from './time-words.ts';

const A = 97;
const T = 116;
const SPACE = 32;
const DOT_AND_SPACE = 1000;

/**
 * Scans a time in any of the forms that are read without a declaration (docs/decisions/0012). One pass; no text longer than
 * 80 characters comes here.
 *
 * @returns whether the whole text is written like a time. Its parts are in `scanned` then, with a fault if the time of day or
 *   the offset is impossible. Whether there is such a day is not checked.
 */
export function scanTime(text: string): boolean {
  startAt(text);
  clearScanned();
  return scan() && isAtEnd();
}

function scan(): boolean {
  if (isAtClock()) {
    scanned.form = 'clock';
    if (!scanClock(false)) return false;
    scanOffset();
    return true;
  }
  if (isLetter(peek())) {
    let name = readWord();
    const weekday = WEEKDAYS.get(name);
    if (weekday !== undefined) {
      scanned.weekday = weekday;
      if (!skipBehindWeekday()) return false;
      name = readWord();
    }
    if (name !== '') {
      const month = MONTHS.get(name);
      return month !== undefined && scanBehindMonth(month);
    }
  }
  const start = readNumber();
  switch (digitsRead()) {
    case 8:
      scanned.basic = true;
      scanned.year = (start / 10_000) | 0;
      scanned.month = ((start / 100) | 0) % 100;
      scanned.day = start % 100;
      return scanBehindDay(true, false);
    case 4:
      return scanBehindYear(start) && scanBehindDay(false, false);
    case 1:
    case 2:
      return scanBehindFirst(start);
    default:
      return false;
  }
}

function skipBehindWeekday(): boolean {
  if (peek() === DOT) advance();
  const hasComma = peek() === COMMA;
  if (hasComma) advance();
  return skipSpaces() || hasComma;
}

/** What separates the parts of a numeric date: `-`, `/`, `.`, a dot and spaces, or spaces. @returns 0 for none of these */
function scanSeparator(): number {
  const code = peek();
  if (code === HYPHEN || code === SLASH) {
    advance();
    return code;
  }
  if (code === DOT) {
    advance();
    return skipSpaces() ? DOT_AND_SPACE : DOT;
  }
  return skipSpaces() ? SPACE : 0;
}

/** What separates the name of a month from other parts: `-`, `/`, or spaces, which a dot or a comma may precede. */
function skipNamedSeparator(): boolean {
  const code = peek();
  if (code === HYPHEN || code === SLASH) {
    advance();
    return true;
  }
  const hasMark = code === DOT || code === COMMA;
  if (hasMark) advance();
  return skipSpaces() || hasMark;
}

/** `2024-01-02`, `2024 Jan 2` */
function scanBehindYear(year: number): boolean {
  scanned.year = year;
  const separator = scanSeparator();
  if (isLetter(peek())) {
    const month = MONTHS.get(readWord());
    if (month === undefined) return false;
    scanned.month = month;
    skipNamedSeparator();
  } else {
    if (separator === 0) return false;
    scanned.month = readNumber(2);
    if (digitsRead() === 0 || scanSeparator() !== separator) return false;
  }
  scanned.day = readNumber(2);
  return digitsRead() > 0;
}

/** `2/1/2024`, `02.01.24`, `2 Jan 2024`: from behind one or two digits. */
function scanBehindFirst(first: number): boolean {
  const firstDigits = digitsRead();
  const separator = scanSeparator();
  if (separator === 0) skipNamedSeparator();
  if (isLetter(peek())) {
    const month = MONTHS.get(readWord());
    if (month === undefined) return false;
    skipNamedSeparator();
    return scanNamedYear(month, first);
  }
  if (separator === 0) return false;
  const second = readNumber(2);
  if (digitsRead() === 0 || scanSeparator() !== separator) return false;
  const third = readNumber(4);
  const thirdDigits = digitsRead();
  // 10 20 30 are three numbers.
  if (thirdDigits !== 4 && (thirdDigits !== 2 || separator === SPACE)) return false;
  scanned.form = 'numeric';
  scanned.first = first;
  scanned.second = second;
  scanned.third = third;
  scanned.twoDigitYear = thirdDigits === 2;
  scanned.firstMayBeYear = thirdDigits === 2 && firstDigits === 2;
  scanned.dotted = separator === DOT || separator === DOT_AND_SPACE;
  return scanBehindDay(false, false);
}

function scanNamedYear(month: number, day: number): boolean {
  const year = readNumber(4);
  const digits = digitsRead();
  if (digits !== 4 && digits !== 2) return false;
  scanned.twoDigitYear = digits === 2;
  scanned.year = digits === 2 ? fullYear(year) : year;
  scanned.month = month;
  scanned.day = day;
  // Web servers log 10/Oct/2000:13:55:36. With two digits, 2 Jan 10:13:55 has no year.
  return scanBehindDay(false, digits === 4);
}

/** `Jan 2, 2024`; and `Jan 2 10:00:00 2024`, as C's ctime writes it. */
function scanBehindMonth(month: number): boolean {
  skipNamedSeparator();
  const day = readNumber(2);
  if (digitsRead() === 0 || !skipNamedSeparator()) return false;
  if (!isAtClock()) return scanNamedYear(month, day);
  if (!scanClock(false)) return false;
  scanOffset();
  if (!skipSpaces()) return false;
  scanned.month = month;
  scanned.day = day;
  scanned.year = readNumber(4);
  return digitsRead() === 4;
}

/**
 * Behind a day comes nothing, or a time of day.
 *
 * @param basic whether it may be without colons behind a space, too, and not only behind a T
 * @param colon whether a colon may stand between
 */
function scanBehindDay(basic: boolean, colon: boolean): boolean {
  if (isAtEnd()) return true;
  const isT = isAtLetter(T);
  if (isT || (colon && peek() === COLON)) {
    advance();
  } else {
    if (peek() === COMMA) advance();
    if (!skipSpaces()) return false;
    // Intl writes January 2, 2024 at 3:04 PM.
    if (isAtLetter(A) && (readWord() !== 'at' || !skipSpaces())) return false;
  }
  if (!scanClock(basic || isT)) return false;
  scanOffset();
  return true;
}
