import type { DateOrder, DecimalMark, ThousandsMark, ValueFormat } from '../../model/value-format.ts';

/**
 * The readings of a text: bits for all types and styles that it can be read as *without loss*, and bits that say more about
 * them. 0: it can only be text. Empty texts and null words have no readings; the evidence counts them apart.
 *
 * | bits | set if the text is |
 * | --- | --- |
 * | `INTEGER`, `INTEGER_…` | a 64-bit integer without thousands marks; with this mark, or with none |
 * | `POINT`, `POINT_…` | a number with a decimal point (or no fraction), without thousands marks; with this mark, or with none |
 * | `COMMA`, `COMMA_…` | the same with a decimal comma |
 * | `BOOLEAN` | true or false |
 * | `DMY`, `MDY`, `YMD` | a day, or a day with a time of day, if numeric dates have this order; all three if the order does not matter |
 * | `CLOCK` | a time of day |
 */
export const INTEGER = 1 << 0;
export const INTEGER_COMMA = 1 << 1;
export const INTEGER_POINT = 1 << 2;
export const INTEGER_SPACE = 1 << 3;
export const INTEGER_APOSTROPHE = 1 << 4;
export const POINT = 1 << 5;
export const POINT_COMMA = 1 << 6;
export const POINT_SPACE = 1 << 7;
export const POINT_APOSTROPHE = 1 << 8;
export const COMMA = 1 << 9;
export const COMMA_POINT = 1 << 10;
export const COMMA_SPACE = 1 << 11;
export const COMMA_APOSTROPHE = 1 << 12;
export const BOOLEAN = 1 << 13;
export const DMY = 1 << 14;
export const MDY = 1 << 15;
export const YMD = 1 << 16;
export const CLOCK = 1 << 17;

// More about numbers.
/** One mark with three digits behind it: `1.250` is 1.25 or 1250. */
export const AMBIGUOUS_NUMBER = 1 << 18;
/** Digits, E, digits: `1e5`, which may be a code. */
export const EXPONENT_ONLY = 1 << 19;
/** A decimal mark that can be nothing else, or an exponent with a sign or a decimal mark: this is written as a number. */
export const SURELY_NUMBER = 1 << 20;
/** More digits than a 64-bit float keeps, behind the decimal mark. */
export const INEXACT = 1 << 21;

// More about times.
export const HAS_CLOCK = 1 << 22;
/** The time of day is not 00:00 in UTC, or in the column's zone if there is no offset. */
export const NOT_MIDNIGHT = 1 << 23;
export const HAS_OFFSET = 1 << 24;
export const TWO_DIGIT_YEAR = 1 << 25;
/** Digits other than 0 past the microsecond. */
export const PAST_MICROSECOND = 1 << 26;
/** It has readings in both orders, which are not the same day. */
export const DMY_OR_MDY = 1 << 27;
export const DMY_OR_YMD = 1 << 28;
export const MDY_OR_YMD = 1 << 29;
/** The parts of a numeric date are separated by dots. */
export const DOTTED = 1 << 30;
/** `20240102`, which is an integer, too. */
export const BASIC_DATE = 1 << 31;

export const ANY_INTEGER = INTEGER | INTEGER_COMMA | INTEGER_POINT | INTEGER_SPACE | INTEGER_APOSTROPHE;
export const ANY_POINT = POINT | POINT_COMMA | POINT_SPACE | POINT_APOSTROPHE;
export const ANY_COMMA = COMMA | COMMA_POINT | COMMA_SPACE | COMMA_APOSTROPHE;
export const ANY_NUMBER = ANY_POINT | ANY_COMMA;
export const ANY_NUMERIC = ANY_INTEGER | ANY_NUMBER;
export const ANY_ORDER = DMY | MDY | YMD;
export const AMBIGUOUS_DATE = DMY_OR_MDY | DMY_OR_YMD | MDY_OR_YMD;

/** A style of numbers, with the bit of the texts that are written in it. */
export interface NumberReading {
  readonly bit: number;
  readonly format: Extract<ValueFormat, { type: 'integer' | 'number' }>;
}

const INTEGER_BITS: readonly (readonly [ThousandsMark | null, number])[] = [
  [null, INTEGER],
  [',', INTEGER_COMMA],
  ['.', INTEGER_POINT],
  [' ', INTEGER_SPACE],
  ["'", INTEGER_APOSTROPHE],
];
const NUMBER_BITS: readonly (readonly [DecimalMark, ThousandsMark | null, number])[] = [
  ['.', null, POINT],
  ['.', ',', POINT_COMMA],
  ['.', ' ', POINT_SPACE],
  ['.', "'", POINT_APOSTROPHE],
  [',', null, COMMA],
  [',', '.', COMMA_POINT],
  [',', ' ', COMMA_SPACE],
  [',', "'", COMMA_APOSTROPHE],
];

/** The styles of integers if this is the decimal mark, the simplest first. */
export function integerReadings(decimal: DecimalMark): readonly NumberReading[] {
  return INTEGER_BITS.filter(([thousands]) => thousands !== decimal).map(([thousands, bit]) => ({
    bit,
    format: { type: 'integer', thousands },
  }));
}

/** The styles of numbers with this decimal mark, the simplest first. */
export function numberReadings(decimal: DecimalMark): readonly NumberReading[] {
  return NUMBER_BITS.filter(([mark]) => mark === decimal).map(([, thousands, bit]) => ({
    bit,
    format: { type: 'number', decimal, thousands },
  }));
}

export const ORDER_BITS: Readonly<Record<DateOrder, number>> = { dmy: DMY, mdy: MDY, ymd: YMD };

/** The bit of texts that two orders read as different days. */
export function ambiguityOf(one: DateOrder, other: DateOrder): number {
  const bits = ORDER_BITS[one] | ORDER_BITS[other];
  return bits === (DMY | MDY) ? DMY_OR_MDY : bits === (DMY | YMD) ? DMY_OR_YMD : bits === (MDY | YMD) ? MDY_OR_YMD : 0;
}

export const DATE_ORDERS = ['dmy', 'mdy', 'ymd'] as const satisfies readonly DateOrder[];

/**
 * Makes the test whether texts are read without loss in a format. The parser of the format accepts exactly these; only times
 * that do not exist in the format's time zone are rejected on top.
 */
export function acceptsReadings(format: ValueFormat): (readings: number) => boolean {
  switch (format.type) {
    case 'text':
      return () => true;
    case 'unknown':
      return () => false;
    case 'boolean':
      return (readings) => (readings & BOOLEAN) !== 0;
    case 'integer': {
      const bit = INTEGER_BITS.find(([thousands]) => thousands === format.thousands)?.[1] ?? 0;
      return (readings) => (readings & bit) !== 0;
    }
    case 'number': {
      const bit = NUMBER_BITS.find(([d, t]) => d === format.decimal && t === format.thousands)?.[2] ?? 0;
      return (readings) => (readings & bit) !== 0;
    }
    case 'date':
    case 'timestamp': {
      const order = format.order === null ? ANY_ORDER : ORDER_BITS[format.order];
      // Without an order, only texts that mean the same in every order that they can have.
      const excluded = (format.order === null ? AMBIGUOUS_DATE : 0) | (format.type === 'date' ? NOT_MIDNIGHT : 0);
      return (readings) => (readings & order) !== 0 && (readings & excluded) === 0;
    }
  }
}
