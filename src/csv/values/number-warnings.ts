import type { ValueFormat } from '../../model/value-format.ts';
import { canonicalInteger, canonicalNumber } from './canonical-number.ts';
import type { DecidedColumn } from './decide-column.ts';
import { numberLikeTime } from './number-like-time.ts';
import { AMBIGUOUS_NUMBER, acceptsReadings, BASIC_DATE, EXPONENT_ONLY, INEXACT } from './readings.ts';
import { counted, dayInWords, numberInWords } from './value-words.ts';
import type { Accepted, WarningDraft } from './warning-draft.ts';
import { becauseClause } from './weigh-clues.ts';

type NumberFormat = Extract<ValueFormat, { type: 'integer' | 'number' }>;

/** What to say of a column that was read as integers or numbers. */
export function numberWarnings(
  column: DecidedColumn,
  format: NumberFormat,
  accepted: Accepted,
): readonly (WarningDraft | null)[] {
  const written = (text: string): string =>
    format.type === 'integer'
      ? canonicalInteger(text, format.thousands)
      : canonicalNumber(text, format.decimal, format.thousands);
  return [
    decimalChosen(column, format, accepted),
    thousandsMarks(format, accepted, written),
    scientificNotation(accepted, written),
    digitsLost(accepted, written),
    integersLikeDates(column, format, accepted),
    numbersLikeTimes(column, accepted),
  ];
}

function decimalChosen(
  { because, decidedBy }: DecidedColumn,
  format: NumberFormat,
  accepted: Accepted,
): WarningDraft | null {
  const values = accepted((readings) => (readings & AMBIGUOUS_NUMBER) !== 0);
  if (values === null || because === 'values' || because === 'option') return null;
  const isComma = format.type === 'number' ? format.decimal === ',' : format.thousands === '.';
  const [decimal, other] = isComma ? ([',', '.'] as const) : (['.', ','] as const);
  const { line, text } = values;
  const says =
    `is read with a decimal ${isComma ? 'comma' : 'point'}${becauseClause(because, decidedBy)}: ` +
    `'${text}' in line ${line} is ${numberInWords(text, decimal)}. With decimal=${other} it is ${numberInWords(text, other)}.`;
  return { code: 'decimal_mark_chosen', isNote: because === 'settled', values, says };
}

function thousandsMarks(
  format: NumberFormat,
  accepted: Accepted,
  written: (text: string) => string,
): WarningDraft | null {
  if (format.thousands === null) return null;
  const acceptsWithout = acceptsReadings({ ...format, thousands: null });
  // Of an ambiguous number the mark may be the decimal one; but then it is accepted without thousands marks, too.
  const values = accepted((readings) => !acceptsWithout(readings));
  if (values === null) return null;
  const { count, line, text } = values;
  const says = `has ${counted(count, 'value')} with thousands marks. '${text}' in line ${line} is ${written(text)}.`;
  return { code: 'thousands_marks', isNote: true, values, says };
}

function scientificNotation(accepted: Accepted, written: (text: string) => string): WarningDraft | null {
  const values = accepted((readings) => (readings & EXPONENT_ONLY) !== 0);
  if (values === null) return null;
  const { count, line, text } = values;
  const says = `has ${counted(count, 'value')} read as scientific notation. '${text}' in line ${line} is ${written(text)}.`;
  return { code: 'scientific_notation', values, says };
}

function digitsLost(accepted: Accepted, written: (text: string) => string): WarningDraft | null {
  const values = accepted((readings) => (readings & INEXACT) !== 0);
  if (values === null) return null;
  const { count, line, text } = values;
  const says =
    `has ${counted(count, 'value')} with more digits than a 64-bit floating-point number keeps. ` +
    `'${text}' in line ${line} is stored as ${Number(written(text))}.`;
  return { code: 'digits_lost', values, says };
}

function integersLikeDates(
  { decision, previousType }: DecidedColumn,
  format: NumberFormat,
  accepted: Accepted,
): WarningDraft | null {
  const isNew = previousType === null || previousType === 'unknown';
  const values = accepted((readings) => (readings & BASIC_DATE) !== 0);
  if (values === null || values.count < decision.values || format.type !== 'integer' || !isNew) return null;
  const { line, text } = values;
  const says =
    `is read as whole numbers, but all of them could be dates: '${text}' in line ${line} could be ` +
    `${dayInWords(text, 'ymd')}. To read them as dates, declare the column as date.`;
  return { code: 'integers_like_dates', values, says };
}

function numbersLikeTimes({ decision, previousType }: DecidedColumn, accepted: Accepted): WarningDraft | null {
  const values = accepted(() => true);
  const isNew = previousType === null || previousType === 'unknown';
  const found = values === null || !isNew ? null : numberLikeTime(decision.name, values.text);
  if (values === null || found === null) return null;
  const says = `is read as numbers. '${values.text}' in line ${values.line} may be ${found.meaning}. ${found.remedy}`;
  return { code: 'numbers_like_times', isNote: found.isUsual, values, says };
}
