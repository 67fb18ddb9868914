import type { ValueFormat } from '../../model/value-format.ts';
import type { DecidedColumn } from './decide-column.ts';
import { ORDER_WORDS } from './explain-rejection.ts';
import { ambiguityOf, HAS_CLOCK, HAS_OFFSET, PAST_MICROSECOND, TWO_DIGIT_YEAR } from './readings.ts';
import { counted, dayInWords, whereIs } from './value-words.ts';
import type { Accepted, WarningDraft } from './warning-draft.ts';
import { becauseClause } from './weigh-clues.ts';

type TimeFormat = Extract<ValueFormat, { type: 'date' | 'timestamp' }>;

/** What to say of a column that was read as dates or timestamps. */
export function timeWarnings(
  column: DecidedColumn,
  format: TimeFormat,
  accepted: Accepted,
): readonly (WarningDraft | null)[] {
  return [
    orderChosen(column, format, accepted),
    twoDigitYears(format, accepted),
    pastMicrosecond(accepted),
    noOffset(format, accepted),
    noTimeOfDay(format, accepted),
  ];
}

function orderChosen(
  { because, decidedBy, instead }: DecidedColumn,
  { order }: TimeFormat,
  accepted: Accepted,
): WarningDraft | null {
  if (order === null || because === 'values' || because === 'option') return null;
  const bits = instead.reduce((all, other) => all | ambiguityOf(order, other), 0);
  const values = accepted((readings) => (readings & bits) !== 0);
  if (values === null) return null;
  const { line, text } = values;
  const others = instead.flatMap((other) => {
    const day = dayInWords(text, other);
    return day === null || day === dayInWords(text, order) ? [] : [`With date_order=${other} it is ${day}.`];
  });
  const says =
    `is read with ${ORDER_WORDS[order]}${becauseClause(because, decidedBy)}: '${text}' in line ${line} is ` +
    `${dayInWords(text, order)}. ${others.join(' ')}`;
  return { code: 'date_order_chosen', isNote: because === 'settled', values, says: says.trimEnd() };
}

function twoDigitYears({ order, pattern }: TimeFormat, accepted: Accepted): WarningDraft | null {
  const values = accepted((readings) => (readings & TWO_DIGIT_YEAR) !== 0);
  if (values === null) return null;
  const { count, line, text } = values;
  const day =
    pattern === null
      ? (['dmy', 'mdy', 'ymd'] as const).map((any) => dayInWords(text, order ?? any)).find(Boolean)
      : null;
  const example = day ? `'${text}' in line ${line} is ${day}.` : `${whereIs(values)}.`;
  const says = `has ${counted(count, 'value')} with a year of two digits, read as 1970 to 2069. ${example}`;
  return { code: 'two_digit_years', values, says };
}

function pastMicrosecond(accepted: Accepted): WarningDraft | null {
  const values = accepted((readings) => (readings & PAST_MICROSECOND) !== 0);
  if (values === null) return null;
  const says = `has ${counted(values.count, 'value')} with digits past the microsecond, which are not stored. ${whereIs(values)}.`;
  return { code: 'past_microsecond', values, says };
}

function noOffset(format: TimeFormat, accepted: Accepted): WarningDraft | null {
  if (format.type === 'date') return null;
  const times = accepted((readings) => (readings & HAS_CLOCK) !== 0);
  const values = accepted((readings) => (readings & HAS_CLOCK) !== 0 && (readings & HAS_OFFSET) === 0);
  if (values === null || times === null) return null;
  const zone = format.timeZone === 'UTC' ? 'UTC' : `local times of ${format.timeZone}`;
  const isMixed = values.count < times.count;
  const subject = isMixed
    ? `has ${values.count} of ${times.count} times without an offset, read as ${zone}. ${whereIs(values)}.`
    : `has times without an offset, read as ${zone}.`;
  const advice = zone === 'UTC' ? ' The option time_zone reads them as local times.' : '';
  return { code: 'no_offset', isNote: !isMixed, values, says: `${subject}${advice}` };
}

function noTimeOfDay(format: TimeFormat, accepted: Accepted): WarningDraft | null {
  if (format.type === 'date') return null;
  const values = accepted((readings) => (readings & HAS_CLOCK) === 0);
  if (values === null) return null;
  const zone = format.timeZone === 'UTC' ? 'in UTC' : `in ${format.timeZone}`;
  const says = `has ${counted(values.count, 'value')} without a time of day, read as midnight ${zone}. ${whereIs(values)}.`;
  return { code: 'no_time_of_day', values, says };
}
