import { timestampText } from './calendar.ts';

/** A number that may be a time in a form that is read by declaration only. */
export interface NumberLikeTime {
  readonly meaning: string;
  readonly remedy: string;
  /** Numbers are as likely to be meant. */
  readonly isUsual: boolean;
}

const TIME_NAME = /^(?:ts|t|time|timestamp|epoch|date|datetime|day|unix|at|when|created|updated|modified)$/;
const DATE_NAME = /^(?:date|datum|fecha|data|day|datetime|time|timestamp)$/;

/** 2000-01-01 to 2100-01-01, in seconds. */
const FIRST_SECOND = 946_684_800;
const END_SECOND = 4_102_444_800;

const UNITS = [
  ['epoch_s', 1, 'seconds'],
  ['epoch_ms', 1e3, 'milliseconds'],
  ['epoch_us', 1e6, 'microseconds'],
  ['epoch_ns', 1e9, 'nanoseconds'],
] as const;

/** 14 digits of a day and a time of day, perhaps with a fraction. */
const DIGITS =
  /^((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d)([0-5]\d)(?:(\d{3}|\d{6})|\.\d{1,9})?$/;

/** What a number in a column of this name may be, if it is a time. @param text of the first value */
export function numberLikeTime(name: string, text: string): NumberLikeTime | null {
  const digits = DIGITS.exec(text);
  if (digits !== null) return likeDigits(name, digits);
  if (!/^\d+(?:\.\d+)?$/.test(text)) return null;
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u);
  const value = Number(text);
  if (words.some((word) => TIME_NAME.test(word))) {
    for (const [format, factor, unit] of UNITS) {
      const seconds = Math.floor(value / factor);
      if (seconds < FIRST_SECOND || seconds >= END_SECOND) continue;
      const meaning = `${timestampText(seconds, 0).replace(/\.0+$/, '')} in UTC, in ${unit} since 1970`;
      return { meaning, remedy: `${declared(name, format)} reads them as times.`, isUsual: true };
    }
  }
  // 2000-01-01 to 2064-04-08
  if (words.some((word) => DATE_NAME.test(word)) && value >= 36_526 && value < 60_000) {
    const day = timestampText(Math.floor(value - 25_569) * 86_400, 0).slice(0, 10);
    return {
      meaning: `${day}, as spreadsheets count days`,
      remedy: 'To store them as dates, give the cells a date format before the export.',
      isUsual: true,
    };
  }
  return null;
}

function likeDigits(
  name: string,
  [text, year, month, day, hour, minute, second, fraction]: RegExpExecArray,
): NumberLikeTime {
  const meaning = `${year}-${month}-${day} ${hour}:${minute}:${second}`;
  // %S takes two digits, so that %f may follow at once.
  const more = fraction !== undefined ? '%f' : text.includes('.') ? '.%f' : '';
  return { meaning, remedy: `${declared(name, `%Y%m%d%H%M%S${more}`)} reads them as times.`, isUsual: false };
}

/** The option that declares the format. */
function declared(name: string, format: string): string {
  return /[,:]/.test(name) ? `columns=${JSON.stringify([{ name, format }])}` : `columns=${name}:${format}`;
}
