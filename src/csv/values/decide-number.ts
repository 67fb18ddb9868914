import type { DecimalMark } from '../../model/value-format.ts';
import { type ColumnEvidence, valuesWhere } from './column-evidence.ts';
import {
  AMBIGUOUS_NUMBER,
  ANY_COMMA,
  ANY_NUMERIC,
  ANY_POINT,
  COMMA,
  EXPONENT_ONLY,
  integerReadings,
  type NumberReading,
  numberReadings,
  SURELY_NUMBER,
} from './readings.ts';
import type { ValueOptions } from './value-options.ts';
import type { Values } from './values.ts';
import { type Because, type Clues, weighClues } from './weigh-clues.ts';

/** How the numbers of a column are read. */
export interface NumberDecision {
  readonly format: NumberReading['format'];
  readonly because: Because;
  /** The other column that decided. */
  readonly column: string | null;
  /** Whether the decimal mark made a difference for any value, so that it is settled now. */
  readonly settles: boolean;
}

/** Values that decimal point and decimal comma read differently. */
export interface NumberQuestion {
  readonly ambiguous: Values;
}

export interface NumberContext {
  readonly options: Pick<ValueOptions, 'decimal' | 'thousands'>;
  readonly clues: Clues<DecimalMark>;
  readonly delimiter: string;
  /** The column's type; null if this file decides it. */
  readonly type: 'integer' | 'number' | null;
  /** Whether an integer column may become a number column. */
  readonly mayBecomeNumber: boolean;
}

const DECIMALS = ['.', ','] as const satisfies readonly DecimalMark[];

/** Delimiters of files in which a point is hardly ever anything but the decimal mark. */
const POINT_DELIMITERS: readonly string[] = [',', '\t'];

/**
 * Decides how a column's numbers are read.
 *
 * @returns null if its values are not all numbers, and this file decides its type
 */
export function decideNumber(evidence: ColumnEvidence, context: NumberContext): NumberDecision | NumberQuestion | null {
  const { type, clues } = context;
  const numbers = [...evidence.values].filter(([readings]) => (readings & ANY_NUMERIC) !== 0);
  if (type === null && numbers.length < evidence.values.size) return null;
  const ambiguous = valuesWhere(evidence, (readings) => (readings & AMBIGUOUS_NUMBER) !== 0);
  const fitting = DECIMALS.filter(
    (decimal) => bestStyle(numbers, decimal, { ...context, mayBecomeNumber: true }).fitsAll,
  );
  const decided = (decimal: DecimalMark, because: Because, column: string | null = null): NumberDecision | null => {
    const { format, fitsAll } = bestStyle(numbers, decimal, context);
    // A column that was declared to have decimal commas, and has some, is not text for a decimal point.
    if (type === null && !fitsAll && !(because === 'option' && isProven(numbers, decimal))) return null;
    return { format, because, column, settles: fitting.length < 2 || ambiguous !== null };
  };

  const option = optionDecimal(context.options);
  if (option !== null) return decided(option, 'option');
  if (fitting.length === 2 && ambiguous === null) return decided(clues.settled ?? '.', 'values');
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined && (clues.settled ?? only) === only) return decided(only, 'values');
  // What was settled holds: values that contradict it are rejected.
  if (fitting.length < 2 && clues.settled !== null) return decided(clues.settled, 'settled');
  if (fitting.length === 0 && type === null) return null;
  if (ambiguous === null) return decided(likelierDecimal(numbers, context), 'values');
  const weighed = weighClues(DECIMALS, clues);
  const onlyPoints = valuesWhere(evidence, isAmbiguousComma) === null;
  const isPointFile = onlyPoints && POINT_DELIMITERS.includes(context.delimiter);
  if (weighed.style !== null) {
    const isUnlikely = weighed.because === 'settled' && weighed.style === ',' && isPointFile;
    return decided(weighed.style, isUnlikely ? 'settled_unlikely' : weighed.because, weighed.column);
  }
  const isLikely = isPointFile && type !== 'integer';
  if (isLikely && !weighed.conflict && fitting.length === 2) return decided('.', 'likelihood');
  return { ambiguous };
}

function isAmbiguousComma(readings: number): boolean {
  return (readings & AMBIGUOUS_NUMBER) !== 0 && (readings & COMMA) !== 0;
}

/** The decimal mark that a column's values can only have been written with; null if both are possible, or the column is text. */
export function provenDecimal(evidence: ColumnEvidence): DecimalMark | null {
  const numbers = [...evidence.values];
  if (numbers.length === 0 || numbers.some(([readings]) => (readings & ANY_NUMERIC) === 0)) return null;
  const context = { options: { decimal: null, thousands: null }, type: null, mayBecomeNumber: true };
  const fitting = DECIMALS.filter((decimal) => bestStyle(numbers, decimal, context).fitsAll);
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

export function optionDecimal({ decimal, thousands }: Pick<ValueOptions, 'decimal' | 'thousands'>): DecimalMark | null {
  if (decimal !== null) return decimal;
  return thousands === '.' ? ',' : thousands === ',' ? '.' : null;
}

type Groups = readonly (readonly [number, Values])[];

function countOf(groups: Groups, test: (readings: number) => boolean): number {
  return groups.reduce((count, [readings, values]) => count + (test(readings) ? values.count : 0), 0);
}

interface BestStyle {
  readonly format: NumberReading['format'];
  readonly count: number;
  readonly fitsAll: boolean;
}

/** The style with this decimal mark that most numbers fit; of two alike the narrower type, then the one with fewer marks. */
function bestStyle(
  numbers: Groups,
  decimal: DecimalMark,
  { options, type, mayBecomeNumber }: Pick<NumberContext, 'type' | 'mayBecomeNumber' | 'options'>,
): BestStyle {
  const candidates: readonly NumberReading[] = [
    ...(type === 'number' ? [] : integerReadings(decimal)),
    ...(type === 'integer' && !mayBecomeNumber ? [] : numberReadings(decimal)),
  ].filter(({ format: { thousands } }) => thousands === null || (options.thousands ?? thousands) === thousands);
  // Digits-E-digits may be a code: in a column that is not known to be numbers, it takes another value that surely is one.
  const mayBeCode = type !== 'number' && countOf(numbers, (readings) => (readings & SURELY_NUMBER) !== 0) === 0;
  const excluded = mayBeCode ? EXPONENT_ONLY : 0;
  const counts = candidates.map(({ bit }) =>
    countOf(numbers, (readings) => (readings & bit) !== 0 && (readings & excluded) === 0),
  );
  const count = Math.max(...counts);
  const { format } = candidates[counts.indexOf(count)] as NumberReading;
  return { format, count, fitsAll: count === countOf(numbers, () => true) };
}

/** Whether any value can only have been written with this decimal mark. */
function isProven(numbers: Groups, decimal: DecimalMark): boolean {
  const [own, other] = decimal === '.' ? [ANY_POINT, ANY_COMMA] : [ANY_COMMA, ANY_POINT];
  return numbers.some(([readings]) => (readings & own) !== 0 && (readings & other) === 0);
}

function likelierDecimal(numbers: Groups, context: NumberContext): DecimalMark {
  return bestStyle(numbers, ',', context).count > bestStyle(numbers, '.', context).count ? ',' : '.';
}
