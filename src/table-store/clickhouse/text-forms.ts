import { CYCLE_YEARS, cyclesOf, DAY_MICROS, dayOf, inCalendar } from './calendar.ts';

/** A date or timestamp as text, in the form it has in JSON: ISO 8601, in UTC. */
export function timeTextSql(type: 'date' | 'timestamp', value: string): string {
  if (type === 'date') return dateTextSql(value);
  const ofDay = `positiveModulo(${value}, toInt64(${DAY_MICROS}))`;
  const clock = `formatDateTime(toDateTime(intDiv(${ofDay}, 1000000), 'UTC'), '%H:%i:%S')`;
  const micros = `${ofDay} % 1000000`;
  const fraction = `if(${micros} = 0, '', '.' || trim(TRAILING '0' FROM leftPad(toString(${micros}), 6, '0')))`;
  return `concat(${dateTextSql(dayOf(value))}, 'T', ${clock}, ${fraction}, 'Z')`;
}

/** Years outside of 0 to 9999 have a sign and six digits. */
function dateTextSql(day: string): string {
  const inside = `toDate32(${inCalendar(day)})`;
  const year = `(toYear(${inside}) + ${CYCLE_YEARS} * ${cyclesOf(day)})`;
  const expanded = `(if(${year} < 0, '-', '+') || leftPad(toString(abs(${year})), 6, '0'))`;
  const yearText = `if(${year} BETWEEN 0 AND 9999, leftPad(toString(${year}), 4, '0'), ${expanded})`;
  return `if(${cyclesOf(day)} = 0, toString(${inside}), ${yearText} || substring(toString(${inside}), 5))`;
}

/**
 * A finite number as DuckDB writes it: in the shortest digits that are read as the same number, with an exponent of at least two
 * digits below 0.0001 and from 10^16 on, and otherwise with a decimal point. ClickHouse has the same digits, but writes whole numbers
 * without a point, and exponents only below 0.000001 and from 10^21 on.
 */
export function doubleTextSql(value: string): string {
  const text = `toString(${value})`;
  const size = `abs(${value})`;
  const padded = `replaceRegexpOne(replaceRegexpOne(${text}, 'e(\\\\d)', 'e+\\\\1'), 'e-(\\\\d)$', 'e-0\\\\1')`;
  const point = (pattern: string, replacement: string) =>
    `replaceOne(replaceRegexpOne(${text}, '${pattern}', '${replacement}'), '.e', 'e')`;
  const small = `concat(${point('^(-?)0\\\\.0+(\\\\d)(\\\\d*)$', '\\\\1\\\\2.\\\\3e-0')}, if(${size} >= 1e-5, '5', '6'))`;
  const large = `concat(${point('^(-?)(\\\\d)(\\\\d*?)0*$', '\\\\1\\\\2.\\\\3e+')}, toString(length(${text}) - if(${value} < 0, 2, 1)))`;
  return `multiIf(${size} < 1e16 AND ${value} = trunc(${value}), ${text} || '.0', ${size} >= 1e-4 AND ${size} < 1e16, ${text}, ${size} < 1e-6 OR ${size} >= 1e21, ${padded}, ${size} < 1, ${small}, ${large})`;
}
