import type { DateOrder, ValueFormat } from '../../model/value-format.ts';
import { dayText, END_SECOND, FIRST_SECOND, SECONDS_PER_DAY, timestampText } from './calendar.ts';
import { canonicalInteger, canonicalNumber } from './canonical-number.ts';
import { classifyText, MAX_VALUE_LENGTH, trimmed } from './classify-text.ts';
import { compileFormat } from './declared-format.ts';
import { explainRejection, type RejectedValue } from './explain-rejection.ts';
import { scannedDays, scannedReadings } from './read-time.ts';
import { acceptsReadings, DMY, MDY } from './readings.ts';
import { scanned } from './scanned-time.ts';
import { type LocalTimes, localTimesOf } from './time-zone.ts';
import { addValues, type Values } from './values.ts';

/**
 * A value as canonical text, which DuckDB and ClickHouse read without judging it: an integer; a number with a decimal point;
 * true or false; `2024-01-02`; `2024-01-02 03:04:05.123456` in UTC. Null is null.
 */
export type ParsedValue = string | null | RejectedValue;

export interface ValueParser {
  /** @param line of the file, for what is counted */
  parse(text: string | null, line?: number): ParsedValue;
  /** Local times so far that clocks showed twice, each read as the earlier of both moments. */
  readonly ambiguousTimes: Values | null;
}

/** @returns the readings of a text without spaces around it. Those of times leave their parts in `scanned`. */
export type Classifier = (text: string) => number;

/**
 * The classifier for a column's texts: that of a declared format, or the one for everything that is read without one.
 *
 * @throws Error if the format was not checked with `compileFormat`
 */
export function classifierFor(pattern: string | null): Classifier {
  if (pattern === null) return classifyText;
  const format = compileFormat(pattern);
  if ('problem' in format) throw new Error(`${pattern}: ${format.problem}`);
  return (text) => (text.length <= MAX_VALUE_LENGTH && format.scan(text) ? scannedReadings() : 0);
}

/** The declared format of a column's times. */
export function patternOf(format: ValueFormat): string | null {
  return format.type === 'date' || format.type === 'timestamp' ? format.pattern : null;
}

/**
 * Makes the parser of a column's texts. It accepts what `acceptsReadings` accepts of the format, by the same scan.
 *
 * @param nulls texts that mean null, unless the column is text
 */
export function parserFor(format: ValueFormat, nulls: ReadonlySet<string>): ValueParser {
  if (format.type === 'text') return { parse: (text) => text, ambiguousTimes: null };
  const accepts = acceptsReadings(format);
  const classify = classifierFor(patternOf(format));
  const local = new LocalMoments(format.type === 'timestamp' ? format.timeZone : 'UTC');
  const write = writerFor(format, local);
  // What does not fit is mostly the same text again, such as 'unknown'.
  let rejectedText: string | null = null;
  let rejection: RejectedValue | null = null;
  const reject = (value: string): RejectedValue => {
    if (rejection === null || value !== rejectedText) {
      rejection = explainRejection(value, format);
      rejectedText = value;
    }
    return rejection;
  };
  return {
    parse(text, line = 0) {
      if (text === null) return null;
      const value = trimmed(text);
      if (value === '' || nulls.has(value)) return null;
      const readings = classify(value);
      return accepts(readings) ? write(value, readings, line) : reject(value);
    },
    get ambiguousTimes() {
      return local.ambiguous;
    },
  };
}

function writerFor(
  format: ValueFormat,
  local: LocalMoments,
): (value: string, readings: number, line: number) => ParsedValue {
  switch (format.type) {
    case 'integer':
      return (value) => canonicalInteger(value, format.thousands);
    case 'number':
      return (value) => canonicalNumber(value, format.decimal, format.thousands);
    case 'boolean':
      return (value) => value.toLowerCase();
    case 'date':
      return (_, readings) => dayText(scannedDays(format.order ?? orderIn(readings)));
    case 'timestamp':
      return (value, readings, line) => local.write(scannedDays(format.order ?? orderIn(readings)), value, line);
    default:
      return (value) => value;
  }
}

/** Any order that the text has a reading in: they give the same day. */
export function orderIn(readings: number): DateOrder {
  if ((readings & DMY) !== 0) return 'dmy';
  return (readings & MDY) !== 0 ? 'mdy' : 'ymd';
}

/** Writes the time that was scanned last, with a day, as a moment in UTC. */
export class LocalMoments {
  /** Times that clocks showed twice. */
  ambiguous: Values | null = null;
  readonly #timeZone: string;
  readonly #local: LocalTimes | null;

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
    this.#local = timeZone === 'UTC' ? null : localTimesOf(timeZone);
  }

  /** Whether clocks showed the latest time twice. */
  get wasAmbiguous(): boolean {
    return !scanned.hasOffset && this.#local !== null && this.#local.wasAmbiguous;
  }

  /** @param days since 1970-01-01. @returns whole seconds since then in UTC; NaN if no clock showed the time, or outside of the years 1000 to 9999 */
  secondsOf(days: number): number {
    const seconds = days * SECONDS_PER_DAY + scanned.clock - this.#offsetOf(days);
    return seconds >= FIRST_SECOND && seconds < END_SECOND ? seconds : Number.NaN;
  }

  /** @param days since 1970-01-01. @param text and line for what is counted */
  write(days: number, text: string, line: number): string | RejectedValue {
    const seconds = this.secondsOf(days);
    if (!Number.isNaN(seconds)) {
      if (this.wasAmbiguous) this.ambiguous = addValues(this.ambiguous, { count: 1, line, text });
      return timestampText(seconds, scanned.micros);
    }
    if (!Number.isNaN(this.#offsetOf(days)))
      return { code: 'no_such_day', reason: 'is outside of the years 1000 to 9999 in UTC' };
    const reason = `does not exist in ${this.#timeZone}: clocks were set forward`;
    return { code: 'no_such_local_time', reason };
  }

  #offsetOf(days: number): number {
    if (scanned.hasOffset || this.#local === null) return scanned.offset;
    return this.#local.offsetOf(days * SECONDS_PER_DAY + scanned.clock);
  }
}
