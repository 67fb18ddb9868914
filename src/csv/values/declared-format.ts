import { ASCII, putAscii } from './ascii-bytes.ts';
import { daysOf, isLeapYear } from './calendar.ts';
import { scanFractionDigits, scanHalf, scanOffset, setClock } from './scan-clock.ts';
import { EPOCH_DIGITS, scanEpoch } from './scan-epoch.ts';
import { clearScanned, fullYear, scanned } from './scanned-time.ts';
import { advance, digitsRead, isAtEnd, peek, readNumber, readWord, skipSpaces, startAt } from './text-cursor.ts';
import { MONTHS, WEEKDAYS } from './time-words.ts';

/** A declared format of times. */
export interface DeclaredFormat {
  /** Whether its texts name a day; otherwise they are times of day only. */
  readonly hasDay: boolean;
  readonly hasClock: boolean;
  /** Scans a text without spaces around it. @returns whether it has this format; its parts are in `scanned` then */
  scan(text: string): boolean;
  /** The same from bytes, if they can be read faster than a text; false: `scan` may still know it. */
  scanBytes(bytes: Buffer, from: number, to: number): boolean;
}

/** What the directives of a format have read so far. */
interface Parts {
  year: number;
  month: number;
  day: number;
  dayOfYear: number;
  hour: number;
  minute: number;
  second: number;
  half: '' | 'am' | 'pm';
}

type Step = (parts: Parts) => boolean;

/** A number of at most so many digits (exactly so many, if `exact`) for a member of the parts. */
function digits(member: Exclude<keyof Parts, 'half'>, most: number, exact = false): Step {
  return (parts) => {
    parts[member] = readNumber(most);
    return exact ? digitsRead() === most : digitsRead() > 0;
  };
}

const spaces: Step = () => skipSpaces();

const DIRECTIVES: Readonly<Record<string, Step>> = {
  Y: digits('year', 4, true),
  y: (parts) => {
    parts.year = fullYear(readNumber(2));
    scanned.twoDigitYear = true;
    return digitsRead() === 2;
  },
  m: digits('month', 2),
  d: digits('day', 2),
  e: (parts) => {
    skipSpaces();
    parts.day = readNumber(2);
    return digitsRead() > 0;
  },
  j: digits('dayOfYear', 3),
  H: digits('hour', 2),
  I: digits('hour', 2),
  M: digits('minute', 2),
  S: digits('second', 2),
  f: () => scanFractionDigits(),
  p: (parts) => {
    parts.half = scanHalf();
    return parts.half !== '';
  },
  b: (parts) => {
    parts.month = MONTHS.get(readWord()) ?? 0;
    return parts.month > 0;
  },
  a: () => {
    scanned.weekday = WEEKDAYS.get(readWord()) ?? -1;
    return scanned.weekday >= 0;
  },
  z: () => {
    scanOffset();
    return scanned.hasOffset;
  },
  n: spaces,
  t: spaces,
};
const SAME: Readonly<Record<string, string>> = { B: 'b', h: 'b', A: 'a', Z: 'z' };
const EXPANDED: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', R: '%H:%M', D: '%m/%d/%y' };

/** For messages. */
export const KNOWN_DIRECTIVES =
  '%Y %y %m %b %B %d %e %j %a %A %H %I %M %S %f %p %z %Z %F %T %R %D %n %t %%, epoch_s, epoch_ms, epoch_us, epoch_ns';

function literal(character: string): Step {
  const code = character.charCodeAt(0);
  return () => {
    if (peek() !== code) return false;
    advance();
    return true;
  };
}

/** Behind a time of day, the letter Z means UTC, although strptime compares it like any other. */
const utcLetter: Step = (parts) => {
  scanned.hasOffset = true;
  return literal('Z')(parts);
};

/** Splits a format into its directives (`%` and a letter, perhaps with a hyphen between) and other characters. */
function tokensOf(format: string): readonly string[] {
  const expanded = format.replace(/%(.)/g, (directive, letter: string) => EXPANDED[letter] ?? directive);
  return expanded.match(/%-?[\s\S]|\s+|[\s\S]/g) ?? [];
}

/**
 * Compiles a declared format: `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, or a strptime format of the directives above, as
 * in POSIX and Python. Numbers may lack leading zeros, except that years have 4 digits (`%Y`) or 2 (`%y`, 1970 to 2069). `%f`
 * takes any number of digits, `%z` and `%Z` take Z, UTC, GMT and ±hh:mm with or without the colon. A space matches one or more.
 *
 * @returns the format, or what is wrong with it, as a sentence
 */
export function compileFormat(format: string): DeclaredFormat | { readonly problem: string } {
  const unit = Object.hasOwn(EPOCH_DIGITS, format) ? EPOCH_DIGITS[format] : undefined;
  if (unit !== undefined) {
    const scanBytes: DeclaredFormat['scanBytes'] = (bytes, from, to) => scanEpoch(bytes, from, to, unit);
    return { hasDay: true, hasClock: true, scan: (text) => scanBytes(ASCII, 0, putAscii(text)), scanBytes };
  }
  const steps: Step[] = [];
  const used = new Set<string>();
  for (const token of tokensOf(format)) {
    if (token === '%%') steps.push(literal('%'));
    else if (token === 'Z' && (used.has('H') || used.has('I'))) steps.push(utcLetter);
    else if (/^\s/.test(token)) steps.push(spaces);
    else if (!token.startsWith('%')) steps.push(literal(token));
    else {
      const letter = token.at(-1) as string;
      const known = SAME[letter] ?? letter;
      const step = Object.hasOwn(DIRECTIVES, known) ? DIRECTIVES[known] : undefined;
      if (step === undefined || token === '%') return { problem: `Unknown directive ${token}.` };
      if (used.has(known) && known !== 'n' && known !== 't')
        return { problem: `${token} repeats an earlier directive.` };
      used.add(known);
      steps.push(step);
    }
  }
  const problem = whatIsMissing(used);
  if (problem !== null) return { problem };
  const hasDay = used.has('d') || used.has('e') || used.has('j');
  const hasClock = used.has('H') || used.has('I');
  return { hasDay, hasClock, scan: (text) => matches(text, steps, hasDay, hasClock), scanBytes: () => false };
}

function whatIsMissing(used: ReadonlySet<string>): string | null {
  const any = (...letters: string[]): boolean => letters.some((letter) => used.has(letter));
  const all = (...letters: string[]): boolean => letters.every((letter) => used.has(letter));
  if (all('Y', 'y') || all('m', 'b') || all('d', 'e') || all('H', 'I')) return 'Two directives name the same part.';
  if (any('j') && any('m', 'b', 'd', 'e')) return '%j already names month and day.';
  const day = any('j') || (any('d', 'e') && any('m', 'b'));
  if (any('d', 'e', 'm', 'b', 'j', 'Y', 'y') && !(day && any('Y', 'y'))) return 'A day needs year, month and day.';
  if (any('I') !== any('p')) return '%I and %p belong together.';
  if (any('M', 'S', 'f') && !any('H', 'I')) return 'Minutes need the hour.';
  if ((any('S') && !any('M')) || (any('f') && !any('S'))) return 'Seconds need minutes, and fractions need seconds.';
  if (any('z') && !any('H', 'I')) return 'An offset needs a time of day.';
  if (!day && any('a', 'z')) return 'Weekdays and offsets need a day.';
  return day || any('H', 'I') ? null : 'The format has neither a day nor a time of day.';
}

const parts: Parts = { year: 0, month: 0, day: 0, dayOfYear: 0, hour: 0, minute: 0, second: 0, half: '' };

function matches(text: string, steps: readonly Step[], hasDay: boolean, hasClock: boolean): boolean {
  startAt(text);
  clearScanned();
  parts.dayOfYear = -1;
  parts.hour = 0;
  parts.minute = 0;
  parts.second = 0;
  parts.half = '';
  for (const step of steps) if (!step(parts)) return false;
  if (!isAtEnd()) return false;
  if (hasClock) setClock(parts.hour, parts.minute, parts.second, parts.half);
  scanned.form = hasDay ? 'fixed' : 'clock';
  scanned.year = parts.year;
  scanned.month = parts.month;
  scanned.day = parts.day;
  if (parts.dayOfYear >= 0) {
    scanned.form = 'counted';
    const isDay = parts.dayOfYear > 0 && parts.dayOfYear <= (isLeapYear(parts.year) ? 366 : 365);
    scanned.day = isDay ? daysOf(parts.year, 1, 1) + parts.dayOfYear - 1 : Number.NaN;
  }
  return true;
}
