export const DAY_MICROS = 86_400_000_000;
/** 1900-01-01 in days since 1970-01-01: the first day of Date32. */
const FIRST_DAY = -25_567;
/** The calendar repeats after these days: 400 years, which are as many as Date32 has. */
export const CYCLE_DAYS = 146_097;
export const CYCLE_YEARS = 400;

/** The day of a time in microseconds, in days since 1970-01-01. */
export function dayOf(micros: string): string {
  return `intDiv(${startOfSpan(micros, DAY_MICROS)}, ${DAY_MICROS})`;
}

/** The greatest multiple of a number of microseconds that is not greater. */
export function startOfSpan(micros: string, span: number): string {
  return `(${micros} - positiveModulo(${micros}, toInt64(${span})))`;
}

/** The same day in the years 1900 to 2299, beyond which ClickHouse's calendar does not go. In days since 1970-01-01. */
export function inCalendar(day: string): string {
  return `toInt32(positiveModulo(toInt64(${day}) + ${-FIRST_DAY}, ${CYCLE_DAYS}) + ${FIRST_DAY})`;
}
