import type { DecimalMark, ThousandsMark } from '../../model/value-format.ts';

const MINUS = 45;
const POINT = 46;

/** The words for numbers that have no digits, in lower case, and how they are written in canonical text. */
export const NUMBER_WORDS: ReadonlyMap<string, string> = new Map([
  ['nan', 'nan'],
  ['inf', 'inf'],
  ['infinity', 'inf'],
  ['-inf', '-inf'],
  ['-infinity', '-inf'],
]);

/**
 * Writes a number so that `CAST(… AS DOUBLE)` and ClickHouse read the same 64-bit float: with a decimal point and without
 * thousands marks; in its shortest form if it has an exponent or more digits than are needed.
 *
 * @param text one that has the reading of this style
 */
export function canonicalNumber(text: string, decimal: DecimalMark, thousands: ThousandsMark | null): string {
  const first = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (text.charCodeAt(first) >= 65) return NUMBER_WORDS.get(text.toLowerCase()) as string;
  let plain = thousands === null ? text : withoutMarks(text, thousands);
  if (decimal === ',') plain = plain.replace(',', '.');
  if (plain.length > 17 + first || /e/i.test(plain)) {
    const float = Number(plain);
    return Object.is(float, -0) ? '-0' : String(float);
  }
  if (plain.charCodeAt(first) === POINT) return `${plain.slice(0, first)}0${plain.slice(first)}`;
  return plain.endsWith('.') ? plain.slice(0, -1) : plain;
}

/** @param text one that has the reading of integers with this mark */
export function canonicalInteger(text: string, thousands: ThousandsMark | null): string {
  return thousands === null ? text : withoutMarks(text, thousands);
}

const MARKS: Readonly<Record<ThousandsMark, RegExp>> = {
  ',': /,/g,
  '.': /\./g,
  ' ': /[ \u00a0\u2009\u202f]/g,
  "'": /['’]/g,
};

function withoutMarks(text: string, thousands: ThousandsMark): string {
  return text.replace(MARKS[thousands], '');
}
