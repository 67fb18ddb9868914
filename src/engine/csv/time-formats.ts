// As strptime reads them; month first before day first, so that what fits both is read as month first (and told).
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
export const TIMESTAMP_FORMATS: readonly string[] = [
  ...DATE_FORMATS.flatMap((date) => TIME_FORMATS.map((time) => `${date} ${time}`)),
  ...DATE_FORMATS.map((date) => `${date}, %I:%M:%S %p`),
  '%a, %d %b %Y %H:%M:%S %z', // RFC 5322, as in e-mail
  '%d/%b/%Y:%H:%M:%S %z', // the common log format of web servers
];

const SHAPES: Readonly<Record<string, string>> = {
  '%Y': '\\d{4}',
  '%y': '\\d{1,2}',
  '%f': '\\d+',
  '%b': '[a-z]+',
  '%B': '[a-z]+',
  '%a': '[a-z]+',
  '%p': '[ap]m',
  '%z': '[-+].*',
};
const shapes = new Map<string, RegExp>();

/**
 * Whether a text may be a time of this format, going by its shape: asking DuckDB about all of the formats takes a second,
 * and about the one or two that remain a few milliseconds.
 */
export function mayBe(text: string, format: string): boolean {
  let shape = shapes.get(format);
  if (!shape) {
    const pattern = format.replaceAll(/%.|[^%]/g, (part) => {
      if (part.startsWith('%')) return SHAPES[part] ?? '\\d{1,2}';
      return part === ' ' ? '\\s+' : `\\${part}`;
    });
    shape = new RegExp(`^\\s*${pattern}\\s*$`, 'i');
    shapes.set(format, shape);
  }
  return shape.test(text);
}

/** The same format with day and month the other way round. */
export function dayAndMonthSwapped(format: string): string {
  return format.replace(/%m(.)%d|%d(.)%m/, (_, monthFirst?: string, dayFirst?: string) =>
    monthFirst === undefined ? `%m${dayFirst}%d` : `%d${monthFirst}%m`,
  );
}
