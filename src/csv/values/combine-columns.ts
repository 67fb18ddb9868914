import type { ValueFormat } from '../../model/value-format.ts';
import { trimmed } from './classify-text.ts';
import { type ColumnEvidence, valuesWhere } from './column-evidence.ts';
import type { ColumnDecision } from './decide-column.ts';
import { explainRejection } from './explain-rejection.ts';
import { scannedDays } from './read-time.ts';
import { acceptsReadings, CLOCK, DATE_ORDERS, NOT_MIDNIGHT, ORDER_BITS } from './readings.ts';
import { classifierFor, LocalMoments, type ParsedValue } from './value-parser.ts';
import { whereIs } from './value-words.ts';
import { addValues, type Values } from './values.ts';

/** How a column of days and a column of times of day are read as one timestamp. */
export interface PairFormat {
  readonly type: 'pair';
  readonly day: Extract<ValueFormat, { type: 'date' }>;
  /** A declared format of the times of day. */
  readonly clockPattern: string | null;
  /** Of times without an offset. */
  readonly timeZone: string;
}

/** One of two columns that cannot be combined. */
export interface PairProblem {
  /** A sentence that says why. */
  readonly problem: string;
}

/**
 * Decides how two columns are read as one, `time_column=Date+Time`.
 *
 * @param day the decision for the column of days; its timestamps may be midnights, as spreadsheets export days
 * @param clock the evidence of the column of times of day, collected with its declared format
 */
export function decidePair(
  day: { readonly decision: ColumnDecision; readonly evidence: ColumnEvidence },
  clock: { readonly name: string; readonly evidence: ColumnEvidence; readonly pattern: string | null },
  timeZone: string | null,
): PairFormat | PairProblem {
  const { name, format, nearly } = day.decision;
  if (format.type !== 'date' && format.type !== 'timestamp') {
    const reason =
      nearly === null ? `is ${format.type === 'unknown' ? 'empty' : format.type}` : `is text: ${nearly.message}`;
    return { problem: `Column '${name}' has no days: it ${reason}`.replace(/\.?$/, '.') };
  }
  const late = valuesWhere(day.evidence, (readings) => (readings & NOT_MIDNIGHT) !== 0);
  if (late !== null) return { problem: `Column '${name}' already has times of day. ${whereIs(late)}.` };
  const others = valuesWhere(clock.evidence, (readings) => (readings & CLOCK) === 0);
  const clocks = valuesWhere(clock.evidence, (readings) => (readings & CLOCK) !== 0);
  if (others !== null && others.count >= (clocks?.count ?? 0))
    return { problem: `Column '${clock.name}' has no times of day. ${whereIs(others)}.` };
  const { order, pattern } = format;
  return {
    type: 'pair',
    day: { type: 'date', order, pattern },
    clockPattern: clock.pattern,
    timeZone: timeZone ?? 'UTC',
  };
}

export interface PairParser {
  /** @returns the moment in UTC as canonical text; null if one of both is null */
  parse(day: string | null, clock: string | null, line?: number): ParsedValue;
  /** Pairs so far of which one was null and the other was not. */
  readonly incomplete: Values | null;
  readonly ambiguousTimes: Values | null;
}

/** @param format of the combined column: the one of its days, and its time zone */
export function pairParserOf(
  { order, pattern, timeZone }: Extract<ValueFormat, { type: 'timestamp' }>,
  clockPattern: string | null,
  nulls: ReadonlySet<string>,
): PairParser {
  return pairParserFor({ type: 'pair', day: { type: 'date', order, pattern }, clockPattern, timeZone }, nulls);
}

export function pairParserFor(format: PairFormat, nulls: ReadonlySet<string>): PairParser {
  const acceptsDay = acceptsReadings(format.day);
  const classifyDay = classifierFor(format.day.pattern);
  const classifyClock = classifierFor(format.clockPattern);
  const local = new LocalMoments(format.timeZone);
  let incomplete: Values | null = null;
  const valueIn = (text: string | null): string | null => {
    const value = trimmed(text ?? '');
    return value === '' || nulls.has(value) ? null : value;
  };
  return {
    parse(dayText, clockText, line = 0) {
      const day = valueIn(dayText);
      const clock = valueIn(clockText);
      if (day === null || clock === null) {
        if (day !== clock) incomplete = addValues(incomplete, { count: 1, line, text: day ?? clock ?? '' });
        return null;
      }
      const readings = classifyDay(day);
      if (!acceptsDay(readings)) return explainRejection(day, format.day);
      const order = format.day.order ?? DATE_ORDERS.find((any) => (readings & ORDER_BITS[any]) !== 0) ?? 'ymd';
      const days = scannedDays(order);
      if ((classifyClock(clock) & CLOCK) === 0) return { code: 'not_clock_time', reason: 'is not a time of day' };
      return local.write(days, `${day} ${clock}`, line);
    },
    get incomplete() {
      return incomplete;
    },
    get ambiguousTimes() {
      return local.ambiguous;
    },
  };
}
