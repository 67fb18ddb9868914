import type { LogicalType } from '../../model/columns.ts';
import type { ReasonForText } from '../../model/parsed-columns.ts';
import type { ValueRejectionCode } from '../../model/rejected-row.ts';
import type { ValueFormat } from '../../model/value-format.ts';
import { classifyText } from './classify-text.ts';
import { type ColumnEvidence, valuesWhere } from './column-evidence.ts';
import { optionDecimal } from './decide-number.ts';
import { explainRejection, ORDER_WORDS } from './explain-rejection.ts';
import {
  ANY_NUMBER,
  ANY_NUMERIC,
  ANY_ORDER,
  acceptsReadings,
  DATE_ORDERS,
  EXPONENT_ONLY,
  HAS_CLOCK,
  integerReadings,
  numberReadings,
  SURELY_NUMBER,
} from './readings.ts';
import { styleLike, UNREAD_STYLES } from './unread-style.ts';
import type { ValueOptions } from './value-options.ts';
import { whereIs } from './value-words.ts';

/** A text column most of whose values are of another type. */
export interface NearlyTyped extends ReasonForText {
  readonly values: number;
  /** The first of the values that are not of the type. */
  readonly line: number;
  readonly text: string;
}

const NOUNS: Readonly<Record<Exclude<LogicalType, 'text'>, readonly [one: string, many: string]>> = {
  integer: ['a whole number', 'whole numbers'],
  number: ['a number', 'numbers'],
  boolean: ['true or false', 'true or false'],
  date: ['a date', 'dates'],
  timestamp: ['a date and time', 'dates and times'],
};

/**
 * Finds the type that most values of a text column have.
 *
 * @returns null if less than half of them have it, unless all are numbers or all are times, in different styles, or in styles that
 *   are not read
 */
export function nearlyTyped(evidence: ColumnEvidence, options: ValueOptions): NearlyTyped | null {
  return mostlyTyped(evidence, options) ?? mostlyUnread(evidence);
}

function mostlyTyped(evidence: ColumnEvidence, options: ValueOptions): NearlyTyped | null {
  const total = valuesWhere(evidence, () => true);
  if (total === null) return null;
  const isOfFamily = (bits: number): boolean =>
    [...evidence.values.keys()].every((readings) => (readings & bits) !== 0);
  // Codes such as 47E21 do not become numbers by their plain neighbours.
  const hasNumbers = valuesWhere(evidence, (readings) => (readings & SURELY_NUMBER) !== 0) !== null;
  let best: ValueFormat | null = null;
  let most = -1;
  for (const format of formatsToTry(options, evidence)) {
    const count = valuesWhere(evidence, accepting(format, hasNumbers))?.count ?? 0;
    if (count <= most) continue;
    best = format;
    most = count;
  }
  // Numbers none of which has the declared decimal mark.
  if (most === 0 && isOfFamily(ANY_NUMERIC))
    best = { type: 'number', decimal: optionDecimal(options) ?? '.', thousands: null };
  if (best === null || best.type === 'text' || best.type === 'unknown') return null;
  if (most * 2 < total.count && !isOfFamily(ANY_NUMERIC) && !isOfFamily(ANY_ORDER)) return null;
  const accepts = accepting(best, hasNumbers);
  const misfits = valuesWhere(evidence, (readings) => !accepts(readings));
  if (misfits === null) return null;
  const { count, line, text } = misfits;
  const [one, many] = NOUNS[best.type];
  const what = `${count === 1 ? `is not ${one}` : `are not ${many}`}${styleOf(best, text)}`;
  const { code, reason } = explainRejection(text, best);
  // The others only repeat that it is not of the type.
  const detail = EXPLAINING.has(code) ? ` ${reason}` : styleClause(text, best);
  const message = `${count} of ${total.count} values ${what}. ${whereIs(misfits)}${detail}.`;
  const nulls = nullsFor(evidence, accepts);
  return { type: best.type, values: total.count, misfits: count, nulls, line, text, message };
}

/** How a misfit is written, if that is what keeps it from being read. */
function styleClause(text: string, { type }: ValueFormat): string {
  if ((classifyText(text) & EXPONENT_ONLY) !== 0) return ' may be a code as well as a number';
  const style = styleLike(text, type);
  return style === null ? '' : ` ${UNREAD_STYLES[style].what}`;
}

/** A column of texts that people take for numbers or times, but that are not read as such. Others of both are counted with them. */
function mostlyUnread(evidence: ColumnEvidence): NearlyTyped | null {
  const total = valuesWhere(evidence, () => true);
  const all = [...evidence.unread].sort(([, a], [, b]) => b.count - a.count);
  const [first] = all;
  if (first === undefined || total === null) return null;
  const [style, { line, text }] = first;
  const { like, what, remedy } = UNREAD_STYLES[style];
  const bits = like === 'number' ? ANY_NUMERIC : ANY_ORDER;
  const read = valuesWhere(evidence, (readings) => (readings & bits) !== 0)?.count ?? 0;
  const similar = all
    .filter(([other]) => (UNREAD_STYLES[other].like === 'number') === (like === 'number'))
    .reduce((sum, [, values]) => sum + values.count, 0);
  if ((read + similar) * 2 < total.count) return null;
  const message = `'${text}' in line ${line} ${what}, and is not read as a ${like}. ${remedy}`;
  return { type: like, values: total.count, misfits: similar, nulls: null, remedy, line, text, message };
}

const MAX_NULLS = 5;

/** The option that makes the misfits null, if all of them are known. Words that are null already stay so. */
function nullsFor(evidence: ColumnEvidence, accepts: (readings: number) => boolean): string | null {
  const misfits = [...evidence.values].filter(([readings]) => !accepts(readings)).map(([, values]) => values);
  const words = [...misfits.map(({ text }) => text), ...[...evidence.nulls.keys()].filter((word) => word !== '')];
  const areKnown = misfits.every(({ count }) => count === 1) && words.length <= MAX_NULLS;
  return areKnown && words.every((word) => word.length <= 64 && !word.includes(',')) ? words.join(',') : null;
}

const EXPLAINING: ReadonlySet<ValueRejectionCode> = new Set([
  'leading_zero',
  'leading_plus',
  'out_of_range',
  'too_many_digits',
  'no_such_day',
  'no_such_clock_time',
  'wrong_weekday',
]);

function accepting(format: ValueFormat, hasNumbers: boolean): (readings: number) => boolean {
  const accepts = acceptsReadings(format);
  if (format.type !== 'number' || hasNumbers) return accepts;
  return (readings) => accepts(readings) && (readings & EXPONENT_ONLY) === 0;
}

/** All formats of the options, the narrowest and simplest first. */
function formatsToTry(options: ValueOptions, evidence: ColumnEvidence): readonly ValueFormat[] {
  const decimal = optionDecimal(options);
  const decimals = decimal === null ? (['.', ','] as const) : ([decimal] as const);
  const orders = options.order === null ? DATE_ORDERS : [options.order];
  const hasClock = valuesWhere(evidence, (readings) => (readings & HAS_CLOCK) !== 0) !== null;
  return [
    ...decimals.flatMap((mark) => integerReadings(mark).map(({ format }) => format)),
    ...decimals.flatMap((mark) => numberReadings(mark).map(({ format }) => format)),
    { type: 'boolean' },
    ...orders.map(
      (order): ValueFormat =>
        hasClock
          ? { type: 'timestamp', order, pattern: null, timeZone: 'UTC' }
          : { type: 'date', order, pattern: null },
    ),
  ];
}

/** Named if the misfit is a number or a time, too, but in another style. */
function styleOf(format: ValueFormat, misfit: string): string {
  const readings = classifyText(misfit);
  if (format.type === 'number' && (readings & ANY_NUMBER) !== 0 && (readings & EXPONENT_ONLY) === 0)
    return format.decimal === ',' ? ' with a decimal comma' : ' with a decimal point';
  if ('order' in format && format.order !== null && (readings & ANY_ORDER) !== 0)
    return ` with ${ORDER_WORDS[format.order]}`;
  return '';
}
