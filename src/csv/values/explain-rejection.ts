import type { ValueRejectionCode } from '../../model/rejected-row.ts';
import type { DateOrder, ThousandsMark, ValueFormat } from '../../model/value-format.ts';
import { daysInMonth, FIRST_YEAR, LAST_YEAR, weekdayOf } from './calendar.ts';
import { classifyText, MAX_VALUE_LENGTH } from './classify-text.ts';
import { scannedDays } from './read-time.ts';
import { ANY_INTEGER, ANY_NUMBER, ANY_NUMERIC, ANY_ORDER, NOT_MIDNIGHT, ORDER_BITS } from './readings.ts';
import { scanTime } from './scan-time.ts';
import { fullYear, scanned } from './scanned-time.ts';
import { MONTH_NAMES, WEEKDAY_NAMES } from './time-words.ts';
import { styleLike, UNREAD_STYLES } from './unread-style.ts';

/** A value that cannot be stored in its column. */
export interface RejectedValue {
  readonly code: ValueRejectionCode;
  /** A clause of which the text is the subject: `has a leading zero`. */
  readonly reason: string;
}

const KINDS: Readonly<Record<ValueFormat['type'], string>> = {
  text: 'text',
  unknown: 'empty',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  date: 'a date',
  timestamp: 'a date and time',
};

/** Says why a text is not read in a format, after it was not. @param text without spaces around it */
export function explainRejection(text: string, format: ValueFormat): RejectedValue {
  const generic = becauseOfStyle(notOfType(format), text, format);
  if (text.length > MAX_VALUE_LENGTH) return generic;
  switch (format.type) {
    case 'integer':
      return explainInteger(text, format) ?? generic;
    case 'number':
      return explainNumber(text, format) ?? generic;
    case 'date':
    case 'timestamp':
      return (format.pattern === null ? explainTime(text, format) : null) ?? generic;
    default:
      return generic;
  }
}

/** Adds how the text is written, if that is not read. */
function becauseOfStyle(rejected: RejectedValue, text: string, format: ValueFormat): RejectedValue {
  if ('pattern' in format && format.pattern !== null) return rejected;
  const style = styleLike(text, format.type);
  return style === null ? rejected : { ...rejected, reason: `${rejected.reason}: it ${UNREAD_STYLES[style].what}` };
}

function notOfType(format: ValueFormat): RejectedValue {
  const type = format.type === 'text' || format.type === 'unknown' ? 'boolean' : format.type;
  const pattern = 'pattern' in format && format.pattern !== null ? ` written as ${format.pattern}` : '';
  return { code: `not_${type}`, reason: `is not ${KINDS[format.type]}${pattern}` };
}

/** What integers and numbers have in common. */
function explainDigits(text: string, kind: string): RejectedValue | null {
  if (/^-?0\d[\d.,' ]*$/.test(text))
    return { code: 'leading_zero', reason: `has a leading zero, which ${kind} does not keep` };
  if (text.startsWith('+') && (classifyText(text.slice(1)) & ANY_NUMERIC) !== 0)
    return { code: 'leading_plus', reason: `has a leading plus sign, which ${kind} does not keep` };
  return null;
}

function explainInteger(text: string, format: Extract<ValueFormat, { type: 'integer' }>): RejectedValue | null {
  const common = explainDigits(text, KINDS.integer);
  if (common !== null) return common;
  const readings = classifyText(text);
  if ((readings & ANY_INTEGER) !== 0)
    return { code: 'other_number_style', reason: `is not a whole number ${thousandsClause(format.thousands)}` };
  if (/^-?\d[\d.,'’ ]*$/.test(text) && digitsIn(text) > 18)
    return {
      code: 'out_of_range',
      reason: 'is outside the range of whole numbers, -9223372036854775808 to 9223372036854775807',
    };
  return (readings & ANY_NUMBER) === 0 ? null : { code: 'has_fraction', reason: 'is not a whole number' };
}

function explainNumber(text: string, format: Extract<ValueFormat, { type: 'number' }>): RejectedValue | null {
  const common = explainDigits(text, KINDS.number);
  if (common !== null) return common;
  const readings = classifyText(text);
  if ((readings & ANY_NUMBER) !== 0) {
    const decimal = format.decimal === '.' ? 'point' : 'comma';
    return {
      code: 'other_number_style',
      reason: `is not a number with a decimal ${decimal} (decimal=${format.decimal}), ${thousandsClause(format.thousands)}`,
    };
  }
  if (/^-?\d[\d.,'’ ]*$/.test(text) && digitsIn(text) > 15)
    return { code: 'too_many_digits', reason: 'has more digits than a 64-bit floating-point number keeps' };
  if (/^-?[\d.,]+e[+-]?\d+$/i.test(text) && !/\de0\d/i.test(text))
    return { code: 'out_of_range', reason: 'is outside the range of 64-bit floating-point numbers' };
  return null;
}

function digitsIn(text: string): number {
  return text.replace(/\D/g, '').length;
}

const MARK_NAMES: Readonly<Record<ThousandsMark, string>> = {
  ',': 'commas',
  '.': 'points',
  ' ': 'spaces',
  "'": 'apostrophes',
};

function thousandsClause(thousands: ThousandsMark | null): string {
  return thousands === null ? 'without thousands marks' : `with ${MARK_NAMES[thousands]} between thousands`;
}

type TimeFormat = Extract<ValueFormat, { type: 'date' | 'timestamp' }>;

function explainTime(text: string, format: TimeFormat): RejectedValue | null {
  const notTime = `is not ${KINDS[format.type]}`;
  const readings = classifyText(text);
  if ((readings & ANY_ORDER) !== 0) {
    if (format.order !== null && (readings & ORDER_BITS[format.order]) === 0)
      return {
        code: 'other_date_order',
        reason: `${notTime} with ${ORDER_WORDS[format.order]} (date_order=${format.order})`,
      };
    if (format.type === 'date' && (readings & NOT_MIDNIGHT) !== 0)
      return { code: 'has_clock_time', reason: 'has a time of day, which a date does not keep' };
    return { code: 'ambiguous_date', reason: 'can be read as different days' };
  }
  if (!scanTime(text) || scanned.form === 'clock') return null;
  const noSuchClock = (what: string): RejectedValue => ({ code: 'no_such_clock_time', reason: `${notTime}: ${what}` });
  if (scanned.fault === 'leap_second') return noSuchClock('leap seconds cannot be stored');
  if (scanned.fault === 'clock') return noSuchClock('there is no such time of day');
  if (scanned.fault === 'offset') return noSuchClock('there is no such offset from UTC');
  return noSuchDay(notTime, format.order);
}

export const ORDER_WORDS: Readonly<Record<DateOrder, string>> = {
  dmy: 'the day first',
  mdy: 'the month first',
  ymd: 'the year first',
};

/** Of the day that was scanned last. */
function noSuchDay(notTime: string, order: DateOrder | null): RejectedValue {
  const { form, first, second, third } = scanned;
  let { year, month, day } = scanned;
  if (form === 'numeric') {
    year = scanned.twoDigitYear ? fullYear(third) : third;
    [day, month] = order === 'mdy' ? [second, first] : [first, second];
    if (order === 'ymd') [year, month, day] = [fullYear(first), second, third];
  }
  const because = (why: string): RejectedValue => ({ code: 'no_such_day', reason: `${notTime}: ${why}` });
  if (year < FIRST_YEAR || year > LAST_YEAR) return because(`years are ${FIRST_YEAR} to ${LAST_YEAR}`);
  if (month < 1 || month > 12) return because(`there is no month ${month}`);
  if (day < 1 || day > daysInMonth(year, month))
    return because(`there is no ${day} ${capital(MONTH_NAMES[month - 1] as string)}${day === 29 ? ` ${year}` : ''}`);
  const { weekday } = scanned;
  scanned.weekday = -1;
  const days = scannedDays(order ?? 'dmy');
  if (weekday >= 0 && !Number.isNaN(days)) {
    const real = capital(WEEKDAY_NAMES[weekdayOf(days)] as string);
    return { code: 'wrong_weekday', reason: `${notTime}: that day is a ${real}` };
  }
  return because(`in UTC it is outside of the years ${FIRST_YEAR} to ${LAST_YEAR}`);
}

function capital(name: string): string {
  return `${(name[0] as string).toUpperCase()}${name.slice(1)}`;
}
