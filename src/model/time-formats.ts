/**
 * The strptime formats of dates that are not ISO 8601. Month first comes before day first, so that a column that fits both
 * is read month first (with a warning).
 */
export const DATE_FORMATS: readonly string[] = [
  '%m/%d/%Y',
  '%d/%m/%Y',
  '%m/%d/%y',
  '%d/%m/%y',
  '%m-%d-%Y',
  '%d-%m-%Y',
  '%d.%m.%Y',
  '%b %d %Y',
  '%b %d, %Y',
  '%B %d %Y',
  '%B %d, %Y',
  '%d %b %Y',
  '%d %B %Y',
  '%d-%b-%Y',
];
const TIME_FORMATS = ['%H:%M:%S.%f', '%H:%M:%S', '%H:%M', '%I:%M:%S %p', '%I:%M %p'];
/** The strptime formats of timestamps that are not ISO 8601. */
export const TIMESTAMP_FORMATS: readonly string[] = [
  ...DATE_FORMATS.flatMap((date) => TIME_FORMATS.map((time) => `${date} ${time}`)),
  ...DATE_FORMATS.map((date) => `${date}, %I:%M:%S %p`),
  '%a, %d %b %Y %H:%M:%S %z', // RFC 5322, as in e-mail
  '%d/%b/%Y:%H:%M:%S %z', // the common log format of web servers
];

/** The same format with day and month swapped. */
export function dayAndMonthSwapped(format: string): string {
  return format.replace(/%m(.)%d|%d(.)%m/, (_, monthFirst?: string, dayFirst?: string) =>
    monthFirst === undefined ? `%m${dayFirst}%d` : `%d${monthFirst}%m`,
  );
}
