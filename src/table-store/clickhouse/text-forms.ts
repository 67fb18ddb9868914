import { CYCLE_DAYS, CYCLE_YEARS, DAY_MICROS } from './calendar.ts';

/** 0000-01-01 and 10000-01-01 in days since 1970-01-01: in between, ClickHouse writes years as ISO 8601 does. */
const [FIRST_DAY, END_DAY] = [-719_528, 2_932_897];

/** A date or timestamp as text, in the form it has in JSON: ISO 8601, in UTC. */
export function timeTextSql(type: 'date' | 'timestamp', value: string): string {
  const [timeSql, textSql, unit] =
    type === 'date' ? [dateSql, dateTextSql, 1] : ([momentSql, momentTextSql, DAY_MICROS] as const);
  // The calendar repeats every 400 years.
  const cycle = CYCLE_DAYS * unit;
  const inside = `positiveModulo(${value}, toInt64(${cycle}))`;
  const cycles = `(intDiv(${value}, ${cycle}) - toInt64(${value} % ${cycle} < 0))`;
  const year = `(toYear(${timeSql(inside)}) + ${CYCLE_YEARS} * ${cycles})`;
  // Years outside of 0 to 9999 have a sign and six digits.
  const unusual = `concat(if(${year} < 0, '-', '+'), leftPad(toString(abs(${year})), 6, '0'), substring(${textSql(inside)}, 5))`;
  const isUsual = `${value} >= ${FIRST_DAY * unit} AND ${value} < ${END_DAY * unit}`;
  return `if(${isUsual}, ${textSql(value)}, ${unusual})`;
}

function dateSql(days: string): string {
  return `(toDate32('1970-01-01') + ${days})`;
}

function dateTextSql(days: string): string {
  return `toString(${dateSql(days)})`;
}

function momentSql(micros: string): string {
  return `fromUnixTimestamp64Micro(${micros}, 'UTC')`;
}

function momentTextSql(micros: string): string {
  const formatted = (format: string) => `formatDateTime(${momentSql(micros)}, '${format}')`;
  const fractional = `concat(trim(TRAILING '0' FROM ${formatted('%Y-%m-%dT%H:%i:%S.%f')}), 'Z')`;
  return `if(${micros} % 1000000 = 0, ${formatted('%Y-%m-%dT%H:%i:%SZ')}, ${fractional})`;
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
  const usual = `concat(${text}, if(${value} = trunc(${value}), '.0', ''))`;
  const isUsual = `${size} < 1e16 AND (${size} >= 1e-4 OR ${value} = 0)`;
  return `multiIf(${isUsual}, ${usual}, ${size} < 1e-6 OR ${size} >= 1e21, ${padded}, ${size} < 1, ${small}, ${large})`;
}
