const TIMESTAMP =
  /^([+-]\d{6}|\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * Parses an ISO 8601 timestamp. Without an offset it is UTC, without a time it is midnight.
 *
 * @returns microseconds since 1970-01-01T00:00:00Z, or null if the text is not a timestamp
 */
export function parseTimestamp(text: string): bigint | null {
  const match = TIMESTAMP.exec(text.trim());
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59)
    return null;
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(match[8] ?? '');
  const offsetMinutes = offset ? Number(`${offset[1]}1`) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
  const seconds = daysBefore(year, month, day) * 86_400n + BigInt(hour * 3600 + (minute - offsetMinutes) * 60 + second);
  return seconds * 1_000_000n + BigInt((match[7] ?? '').padEnd(6, '0'));
}

/** Parses a date, `YYYY-MM-DD`. @returns the microseconds of its midnight in UTC, or null if the text is not a date */
export function parseDate(text: string): bigint | null {
  return /[T :]/i.test(text.trim()) ? null : parseTimestamp(text);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01, by eras of 400 years that begin on 1 March: howardhinnant.github.io/date_algorithms.html */
function daysBefore(year: number, month: number, day: number): bigint {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return BigInt(era) * 146_097n + BigInt(dayOfEra) - 719_468n;
}
