import type { ValueFormat } from '../../model/value-format.ts';
import { classifyText, MAX_VALUE_LENGTH } from './classify-text.ts';
import { timeReadings } from './read-time.ts';
import { ANY_NUMBER, ANY_NUMERIC, ANY_ORDER, HAS_CLOCK } from './readings.ts';
import { scanTime } from './scan-time.ts';
import { scanned } from './scanned-time.ts';

/** How a text is written that people take for a number or a time, but that is not read as one. */
export type UnreadStyle = keyof typeof UNREAD_STYLES;

interface StyleWords {
  readonly like: 'number' | 'timestamp' | 'date';
  /** A clause of which the text is the subject. */
  readonly what: string;
  /** What makes it readable. */
  readonly remedy: string;
}

const number = (what: string, remedy: string): StyleWords => ({ like: 'number', what, remedy });
const DECLARE = 'or declare the format of the column, as columns=NAME:FORMAT does';

export const UNREAD_STYLES = {
  currency: number('has a currency sign', 'Write the numbers without it.'),
  percent: number('has a percent sign', 'Write the numbers without it.'),
  unit: number('has a unit', 'Write the numbers without it.'),
  parentheses: number('is in parentheses, as negative amounts in accounting', 'Write negative numbers with a minus.'),
  trailing_sign: number('has its sign behind the digits', 'Write the minus before the digits.'),
  detached_sign: number('has a space between its sign and its digits', 'Write the sign next to the digits.'),
  other_minus: number('has a minus that is not the hyphen of ASCII', 'Write negative numbers with a hyphen.'),
  plus: number('has a leading plus sign, which a number does not keep', 'Write the numbers without it.'),
  other_digits: number('has digits that are not those of ASCII', 'Write the numbers with the digits 0 to 9.'),
  uneven_groups: number(
    'has marks between groups of digits that are not thousands',
    'Write the numbers without these marks.',
  ),
  underscores: number('has underscores between its digits', 'Write the numbers without them.'),
  hexadecimal: number('is written in hexadecimal digits', 'Write the numbers with decimal digits.'),
  other_exponent: number('has an exponent that is not written with an E', 'Write exponents as in 1.5e10.'),
  too_many_digits: number('has more digits than a number keeps', 'As text, all of its digits are kept.'),
  invisible: number('has invisible characters', 'Remove them from the file.'),
  zone_name: {
    like: 'timestamp',
    what: 'has the name of a time zone',
    remedy: `Write the offset from UTC instead, such as +01:00.`,
  },
  in_brackets: { like: 'timestamp', what: 'is in brackets', remedy: `Write it without them, ${DECLARE}.` },
  behind_time: { like: 'timestamp', what: 'has more behind its time', remedy: `Write it without that, ${DECLARE}.` },
  behind_date: {
    like: 'timestamp',
    what: 'has something behind its date that is not read as a time of day',
    remedy: `Write times of day as 14:05:09, ${DECLARE}.`,
  },
  impossible: {
    like: 'timestamp',
    what: 'names a day or a time of day that does not exist',
    remedy: 'Write dates such as 2024-01-31, in the years 1000 to 9999, and times of day such as 14:05:09.',
  },
  no_year: { like: 'timestamp', what: 'has no year', remedy: 'Write dates with a year.' },
  ordinal: { like: 'date', what: 'has an ordinal number as its day', remedy: 'Write dates such as 2024-01-31.' },
  month_name: {
    like: 'date',
    what: 'has a word that is not the English name of a month',
    remedy: 'Write dates such as 2024-01-31.',
  },
  no_day: {
    like: 'date',
    what: 'is a month, not a day',
    remedy: 'To store it as a date, add a day, such as the first of the month.',
  },
  week: {
    like: 'date',
    what: 'is a week or a quarter of a year',
    remedy: 'To store it as a date, write the day on which it begins.',
  },
} as const satisfies Readonly<Record<string, StyleWords>>;

const CURRENCY =
  '(?:[$€£¥₹₽₩₺₪฿₫₴]|R\\$|US\\$|C\\$|A\\$|kr\\.?|zł|Kč|Ft|Fr\\.?|Rs\\.?|USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|ZAR|MXN|TRY|RUB|KRW|SGD|HKD)';
const UNIT =
  '(?:°[CF]|K|°|%RH|k?g|mg|t|k?m|[cmn]m|µm|[mµn]?s|min|h|[kMG]?W(?:h)?|[mk]?V|m?A|[kM]?Hz|k?Pa|hPa|bar|psi|ppm|mph|km/h|m/s|[kKMGT]i?B|l|ml|L)';
const MINUS = '[-−]?';
const BEFORE = new RegExp(`^(${MINUS}) ?${CURRENCY}\\s?(${MINUS})`);
const BEHIND = new RegExp(`\\s?${CURRENCY}(-?)$`);
const WITH_UNIT = new RegExp(`^(\\S*\\d)\\s?${UNIT}$`);
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;

/** @param text without spaces around it, that has no readings */
export function unreadStyle(text: string): UnreadStyle | null {
  if (text.length > MAX_VALUE_LENGTH || !/\p{Nd}/u.test(text)) return null;
  return numberStyle(text) ?? timeStyle(text);
}

/** The style of a text that people take for a value of this type. @param text without spaces around it, that is not read as one */
export function styleLike(text: string, type: ValueFormat['type']): UnreadStyle | null {
  if (type === 'boolean') return null;
  // In another date order, or with other marks.
  if (classifyText(text) !== 0) return null;
  const style = unreadStyle(text);
  const isNumeric = type === 'integer' || type === 'number';
  return style !== null && isNumeric === (UNREAD_STYLES[style].like === 'number') ? style : null;
}

function isNumber(text: string): boolean {
  return (classifyText(text.trim()) & ANY_NUMERIC) !== 0;
}

function numberStyle(text: string): UnreadStyle | null {
  const bare = text.replace(INVISIBLE, '');
  if (bare !== text && classifyText(bare.trim()) !== 0) return 'invisible';
  if (/^\(.*\)$/.test(text) && isNumber(text.slice(1, -1).replace(BEFORE, '').replace(BEHIND, '')))
    return 'parentheses';
  if (/[-−+]$/.test(text) && isNumber(text.slice(0, -1))) return 'trailing_sign';
  if (/[%‰٪％]$/.test(text) && isNumber(text.slice(0, -1).replace(/^[+−]/, ''))) return 'percent';
  const amount = text.replace(/^[+]/, '').replace(BEFORE, '$1$2').replace(BEHIND, '$1');
  if (
    amount !== text &&
    BEFORE.test(text) !== BEHIND.test(text) &&
    isNumber(amount.replace('−', '-').replace(/^(.*)-$/, '-$1'))
  )
    return 'currency';
  if (/^[−–‐‑‒﹣－]/.test(text) && isNumber(text.slice(1))) return 'other_minus';
  if (/^[-+] /.test(text) && isNumber(text.slice(1))) return 'detached_sign';
  // A number of a telephone has a plus, too.
  if (/^\+(?:\d{1,6}|\d*[.,]\d+)$/.test(text) && isNumber(text.slice(1))) return 'plus';
  if (/^[-−]?(?!\d+$)[\p{Nd}.,٫٬'’ ]+$/u.test(text) && /[^\0-\x7f’−]/.test(text.replace(/[\u00a0\u2009\u202f]/g, '')))
    return 'other_digits';
  if (/^-?\d{1,3}(?:,\d{2,4})+(?:\.\d+)?$/.test(text) && !text.startsWith('0')) return 'uneven_groups';
  if (/^-?[1-9]\d*(?:_\d+)+(?:\.\d+)?$/.test(text)) return 'underscores';
  if (/^-?0x[\da-f]{1,16}$/i.test(text)) return 'hexadecimal';
  if (/^-?\d+[.,]\d*d[+-]?\d{1,3}$/i.test(text) || /^-?\d+(?:[.,]\d+)? ?[x×*·] ?10(?:\^|\*\*)?[-−]?\d+$/.test(text))
    return 'other_exponent';
  if (/^-?[1-9]\d{15,}(?:[.,]\d+)?$/.test(text)) return 'too_many_digits';
  const [, value] = WITH_UNIT.exec(text) ?? [];
  return value !== undefined && (classifyText(value) & ANY_NUMBER) !== 0 ? 'unit' : null;
}

const WORD = '\\p{L}{3,12}\\.?';
const NAMED_DAY = new RegExp(
  `^(?:${WORD},? )?(?:\\d{1,2}\\.?[ -](?:de )?${WORD}(?:,| de)?[ -]\\d{2,4}|${WORD} \\d{1,2},? \\d{4}|\\d{4}年\\d{1,2}月\\d{1,2}日)(?:[ ,T]+\\d.*)?$`,
  'u',
);
const MONTH = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\\.?';
const MONTH_ALONE = new RegExp(
  `^(?:(?:19|20)\\d{2}[-/.](?:0[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])[-/.](?:19|20)\\d{2}|${MONTH}[ -]\\d{2,4}|(?:19|20)\\d{2}[ -]${MONTH})$`,
  'i',
);
const WEEK = /^(?:19|20)\d{2}[- ]?(?:W[0-5]\d(?:-?[1-7])?|Q[1-4])$|^Q[1-4][- ](?:19|20)\d{2}$/i;
const NO_YEAR = new RegExp(`^(?:${MONTH} {1,2}\\d{1,2}|\\d{1,2}[- ]${MONTH}),? \\d{1,2}:\\d{2}(?::\\d{2}.*)?$`, 'i');

function timeStyle(text: string): UnreadStyle | null {
  if (scanTime(text)) return scanned.form === 'clock' || scanned.twoDigitYear ? null : 'impossible';
  if (MONTH_ALONE.test(text)) return 'no_day';
  if (WEEK.test(text)) return 'week';
  if (NO_YEAR.test(text)) return 'no_year';
  if (/^[[({<].*[\])}>]$/.test(text) && isTime(text.slice(1, -1))) return 'in_brackets';
  const plain = text.replace(/(\d)(?:st|nd|rd|th)\b/i, '$1');
  if (plain !== text && isTime(plain.replace(/\bof /, ''))) return 'ordinal';
  const behind = behindTime(text);
  if (behind !== null) return behind;
  return NAMED_DAY.test(text) ? 'month_name' : null;
}

function isTime(text: string): boolean {
  return (timeReadings(text) & ANY_ORDER) !== 0;
}

/** What follows the longest beginning of the text that is a date, if that is no number as well. */
function behindTime(text: string): UnreadStyle | null {
  for (let at = text.length - 1; at >= 8; at--) {
    const code = text.charCodeAt(at);
    const isLetterT = (code | 32) === 116;
    if (code !== 32 && code !== 91 && code !== 40 && !isLetterT) continue;
    const beginning = text.slice(0, at).trimEnd();
    const readings = isNumber(beginning) ? 0 : timeReadings(beginning);
    if ((readings & ANY_ORDER) === 0) continue;
    const rest = text.slice(at).trim();
    if ((readings & HAS_CLOCK) === 0) return isLetterT || /^\d/.test(rest) ? 'behind_date' : null;
    return /^[[(]?(?:[A-Z]{2,5}|[A-Za-z_]+\/[A-Za-z_/+-]+)[\])]?$/.test(rest) ? 'zone_name' : 'behind_time';
  }
  return null;
}
