import type { DecimalMark } from '../../model/value-format.ts';
import { NUMBER_WORDS } from './canonical-number.ts';
import {
  AMBIGUOUS_NUMBER,
  ANY_COMMA,
  ANY_INTEGER,
  ANY_NUMBER,
  ANY_POINT,
  COMMA_APOSTROPHE,
  COMMA_POINT,
  COMMA_SPACE,
  EXPONENT_ONLY,
  INEXACT,
  INTEGER_APOSTROPHE,
  INTEGER_COMMA,
  INTEGER_POINT,
  INTEGER_SPACE,
  POINT_APOSTROPHE,
  POINT_COMMA,
  POINT_SPACE,
  SURELY_NUMBER,
} from './readings.ts';

const MINUS = 45;
const PLUS = 43;
const ZERO = 48;
const E = 101;

// Kinds of marks between digits.
export const POINT_MARK = 1;
export const COMMA_MARK = 2;
const SPACE_MARK = 3;
const APOSTROPHE_MARK = 4;

export function markOf(code: number): number {
  switch (code) {
    case 0x2e:
      return POINT_MARK;
    case 0x2c:
      return COMMA_MARK;
    case 0x20:
    case 0xa0: // no-break space
    case 0x2009: // thin space
    case 0x202f: // narrow no-break space
      return SPACE_MARK;
    case 0x27:
    case 0x2019: // ’
      return APOSTROPHE_MARK;
    default:
      return 0;
  }
}

/** Readings of digits in groups of three, by the kind of the mark between them. */
export const GROUPED_WHOLE = [
  0,
  INTEGER_POINT | COMMA_POINT,
  INTEGER_COMMA | POINT_COMMA,
  INTEGER_SPACE | POINT_SPACE | COMMA_SPACE,
  INTEGER_APOSTROPHE | POINT_APOSTROPHE | COMMA_APOSTROPHE,
];
/** The same if a decimal point follows them; a decimal comma. */
export const GROUPED_POINT = [0, 0, POINT_COMMA, POINT_SPACE, POINT_APOSTROPHE];
export const GROUPED_COMMA = [0, COMMA_POINT, 0, COMMA_SPACE, COMMA_APOSTROPHE];

/**
 * The readings of a text as an integer or a number. One pass over the text; no leading zeros, plus signs, underscores,
 * hexadecimal digits, or empty groups.
 *
 * @param text without spaces around it, at most 80 characters
 */
export function numericReadings(text: string): number {
  const { length } = text;
  const first = text.charCodeAt(0) === MINUS ? 1 : 0;
  let at = first;
  let runStart = first;
  let marks = 0;
  let firstMark = 0;
  let lastMark = 0;
  let firstRun = 0;
  let inThrees = true;
  for (; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) continue;
    const mark = markOf(code);
    if (mark === 0) break;
    const run = at - runStart;
    if (marks === 0) {
      firstRun = run;
      firstMark = mark;
    } else {
      // Only the last mark may differ: it is the decimal mark then.
      if (lastMark !== firstMark) return 0;
      if (run !== 3) inThrees = false;
    }
    lastMark = mark;
    marks++;
    runStart = at + 1;
  }
  const lastRun = at - runStart;
  if (marks === 0) firstRun = lastRun;
  if (firstRun > 1 && text.charCodeAt(first) === ZERO) return 0;
  if (at < length) return withExponent(text, at, marks, lastMark, firstRun, lastRun);
  if (marks === 0) return firstRun === 0 ? 0 : plainReadings(text, first);

  const grouped = inThrees && firstRun >= 1 && firstRun <= 3 && text.charCodeAt(first) !== ZERO;
  if (marks > 1 && !grouped) return 0;
  if (marks > 1 && lastMark !== firstMark) {
    if (lastRun === 0) return 0;
    if (lastMark === POINT_MARK) return decimalReadings(text, '.', GROUPED_POINT[firstMark] as number);
    if (lastMark === COMMA_MARK) return decimalReadings(text, ',', GROUPED_COMMA[firstMark] as number);
    return 0;
  }
  const whole = grouped && lastRun === 3 ? wholeReadings(digitsOf(text), GROUPED_WHOLE[firstMark] as number) : 0;
  if (marks > 1) return whole;
  let decimal = 0;
  // `.5` and `5.` are written by programs; `5,` ends a list.
  if (lastMark === POINT_MARK && firstRun + lastRun > 0) decimal = decimalReadings(text, '.', ANY_POINT);
  if (lastMark === COMMA_MARK && lastRun > 0) decimal = decimalReadings(text, ',', ANY_COMMA);
  if (decimal === 0) return whole;
  return whole === 0 ? decimal : (decimal & ~SURELY_NUMBER) | whole | AMBIGUOUS_NUMBER;
}

/** Digits only, maybe after a minus. */
function plainReadings(text: string, first: number): number {
  const digits = text.length - first;
  if (digits > 15) return wholeReadings(text, ANY_INTEGER | ANY_NUMBER);
  // -0 is a number, but no integer: its sign would be lost.
  if (first === 1 && text.charCodeAt(1) === ZERO) return ANY_NUMBER;
  return ANY_INTEGER | ANY_NUMBER;
}

/** @param digits with a minus or without. @returns those of the readings that hold all of them */
function wholeReadings(digits: string, readings: number): number {
  const negative = digits.charCodeAt(0) === MINUS;
  const count = digits.length - (negative ? 1 : 0);
  if (count <= 15) return readings;
  const isInteger =
    count < 19 || (count === 19 && digits <= (negative ? '-9223372036854775808' : '9223372036854775807'));
  return (isInteger ? readings & ANY_INTEGER : 0) | (isExact(digits) ? readings & ANY_NUMBER : 0);
}

/** Whether a 64-bit float of these digits is written with the same digits. */
function isExact(digits: string): boolean {
  const float = Number(digits);
  return Math.abs(float) < 1e21 ? String(float) === digits : BigInt(float) === BigInt(digits);
}

/** Digits with one decimal mark, and perhaps thousands marks. */
function decimalReadings(text: string, decimal: DecimalMark, readings: number): number {
  if (text.length <= 16) return readings | SURELY_NUMBER;
  const mark = text.lastIndexOf(decimal);
  const whole = digitsOf(text.slice(0, mark));
  // 9007199254740993.0 has lost its last digit as a 64-bit float.
  if (whole.length > 15 && !isExact(whole)) return 0;
  return readings | SURELY_NUMBER | (keepsDigits(`${whole}.${text.slice(mark + 1)}`) ? 0 : INEXACT);
}

/** From an `e` on, after digits with at most one decimal mark. */
function withExponent(
  text: string,
  from: number,
  marks: number,
  mark: number,
  wholeDigits: number,
  lastRun: number,
): number {
  if ((text.charCodeAt(from) | 32) !== E || marks > 1 || wholeDigits + lastRun === 0) return 0;
  if (mark > COMMA_MARK || (mark === COMMA_MARK && lastRun === 0)) return 0;
  let at = from + 1;
  const sign = text.charCodeAt(at);
  const signed = sign === MINUS || sign === PLUS;
  if (signed) at++;
  const digits = text.length - at;
  if (digits < 1 || digits > 4) return 0;
  // 47E0021 is a code: no program writes an exponent so.
  const bare = !signed && marks === 0;
  if (bare && digits > 1 && text.charCodeAt(at) === ZERO) return 0;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return 0;
  }
  const plain = mark === COMMA_MARK ? text.replace(',', '.') : text;
  const float = Number(plain);
  if (!Number.isFinite(float)) return 0;
  // 1e-400 is not 0.
  if (float === 0 && /[1-9]/.test(plain.slice(0, from))) return 0;
  const readings = mark === 0 ? ANY_NUMBER : mark === POINT_MARK ? ANY_POINT : ANY_COMMA;
  const exact = from <= 15 || keepsDigits(plain);
  return readings | (bare ? EXPONENT_ONLY : SURELY_NUMBER) | (exact ? 0 : INEXACT);
}

/** Whether the shortest text that gives the same 64-bit float has all significant digits of this one. */
function keepsDigits(plain: string): boolean {
  const shortest = String(Number(plain));
  return shortest === plain || significantDigits(plain) === significantDigits(shortest);
}

function significantDigits(plain: string): string {
  const mantissa = plain.replace(/^-/, '').replace(/e.*$/i, '');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return `${whole}${fraction}`.replace(/^0+/, '').replace(/0+$/, '');
}

/** The text without thousands marks, where it has no decimal mark. */
function digitsOf(text: string): string {
  return text.replace(/[^-\d]/g, '');
}

/** The readings of NaN and infinity, as DuckDB, Python and JavaScript write them. */
export function numberWordReadings(text: string): number {
  return NUMBER_WORDS.has(text.toLowerCase()) ? ANY_NUMBER : 0;
}
