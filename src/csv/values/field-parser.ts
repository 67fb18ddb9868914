import type { ValueFormat } from '../../model/value-format.ts';
import { fieldText } from '../field-text.ts';
import { writeDay, writeTimestamp } from './calendar.ts';
import { beforeSpaces, behindSpaces, isTruthValue } from './classify-bytes.ts';
import { MAX_VALUE_LENGTH } from './classify-text.ts';
import { compileFormat } from './declared-format.ts';
import { scannedDays, scannedReadings } from './read-time.ts';
import { acceptsReadings } from './readings.ts';
import { scanUsualTime } from './scan-usual-time.ts';
import { scanned } from './scanned-time.ts';
import { TextCache } from './text-cache.ts';
import { usualNumberReadings, writeUsualNumber } from './usual-number.ts';
import { classifierFor, LocalMoments, orderIn, patternOf, type ValueParser } from './value-parser.ts';

/** Instead of a place: the field is rejected. */
export const REJECTED = -1;
/** Instead of a place: the value is not written as most are. */
const UNUSUAL = -1;

/** Parses fields from bytes to bytes. */
export interface FieldParser {
  /**
   * Writes the value of a field as canonical text; nothing for null.
   *
   * @param from where the field begins, with its quotes
   * @param line of the file, for what is counted
   * @returns the place behind it; REJECTED
   */
  write(bytes: Buffer, from: number, to: number, line: number, out: Buffer, at: number): number;
}

/** @returns the place behind the value; UNUSUAL */
type Writer = (bytes: Buffer, from: number, to: number, out: Buffer, at: number) => number;

/**
 * Makes a parser of fields that gives the same values as the parser of their texts. Values that are written as most are never become texts; the
 * others are remembered for as long as they come again and again.
 *
 * @param parser of the same format, which also counts ambiguous times
 * @param quote its code; -1 if there is none
 */
export function fieldParserFor(
  format: ValueFormat,
  nulls: ReadonlySet<string>,
  parser: ValueParser,
  quote: number,
): FieldParser {
  const classify = classifierFor(patternOf(format));
  // A word that means null may be a number, as -999 is.
  const mayBeNull = [...nulls].some((word) => classify(word) !== 0);
  const writeUsual = mayBeNull ? null : usualWriterOf(format);
  const known = new TextCache<string | null>();
  return {
    write(bytes, from, to, line, out, at) {
      if (from === to) return at;
      const inner = bytes[from] === quote ? 1 : 0;
      const start = behindSpaces(bytes, from + inner, to - inner);
      const end = beforeSpaces(bytes, start, to - inner);
      if (start === end) return at;
      if (writeUsual !== null && end - start <= MAX_VALUE_LENGTH) {
        const behind = writeUsual(bytes, start, end, out, at);
        if (behind !== UNUSUAL) return behind;
      }
      const found = known.get(bytes, from, to);
      if (found !== undefined) return writeText(found, out, at);
      const { ambiguousTimes } = parser;
      const value = parser.parse(fieldText(bytes, from, to, quote), line);
      if (value !== null && typeof value !== 'string') return REJECTED;
      // Ambiguous times are counted one by one.
      if (parser.ambiguousTimes === ambiguousTimes) known.set(bytes, from, to, value);
      return writeText(value, out, at);
    },
  };
}

function writeText(value: string | null, out: Buffer, at: number): number {
  if (value === null) return at;
  const { length } = value;
  for (let index = 0; index < length; index++) out[at + index] = value.charCodeAt(index);
  return at + length;
}

function usualWriterOf(format: ValueFormat): Writer | null {
  const accepts = acceptsReadings(format);
  switch (format.type) {
    case 'integer':
    case 'number': {
      const { thousands } = format;
      const decimal = format.type === 'number' ? format.decimal : '.';
      return (bytes, from, to, out, at) =>
        accepts(usualNumberReadings(bytes, from, to))
          ? writeUsualNumber(bytes, from, to, decimal, thousands, out, at)
          : UNUSUAL;
    }
    case 'boolean':
      return (bytes, from, to, out, at) =>
        isTruthValue(bytes, from, to) ? writeLowerCase(bytes, from, to, out, at) : UNUSUAL;
    case 'date':
    case 'timestamp':
      return usualTimeWriterOf(format);
    default:
      return null;
  }
}

function usualTimeWriterOf(format: Extract<ValueFormat, { type: 'date' | 'timestamp' }>): Writer {
  const accepts = acceptsReadings(format);
  const declared = format.pattern === null ? null : compileFormat(format.pattern);
  const scan = declared !== null && 'scanBytes' in declared ? declared.scanBytes : scanUsualTime;
  const moments = format.type === 'timestamp' ? new LocalMoments(format.timeZone) : null;
  return (bytes, from, to, out, at) => {
    if (!scan(bytes, from, to)) return UNUSUAL;
    const readings = scannedReadings();
    if (!accepts(readings)) return UNUSUAL;
    const days = scannedDays(format.order ?? orderIn(readings));
    if (moments === null) return writeDay(days, out, at);
    const seconds = moments.secondsOf(days);
    return Number.isNaN(seconds) || moments.wasAmbiguous ? UNUSUAL : writeTimestamp(seconds, scanned.micros, out, at);
  };
}

function writeLowerCase(bytes: Buffer, from: number, to: number, out: Buffer, at: number): number {
  for (let index = from; index < to; index++) out[at + index - from] = (bytes[index] as number) | 32;
  return at + to - from;
}
