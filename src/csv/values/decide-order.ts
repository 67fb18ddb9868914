import type { DateOrder } from '../../model/value-format.ts';
import { type ColumnEvidence, valuesWhere } from './column-evidence.ts';
import { AMBIGUOUS_DATE, ANY_ORDER, ambiguityOf, DATE_ORDERS, DOTTED, ORDER_BITS } from './readings.ts';
import type { Values } from './values.ts';
import { type Because, type Clues, weighClues } from './weigh-clues.ts';

/** In which order a column's numeric dates are read. */
export interface OrderDecision {
  /** Null: every value is the same day in each order that it can have. */
  readonly order: DateOrder | null;
  /** Whether the order made a difference for any value, so that it is settled now. */
  readonly settles: boolean;
  readonly because: Because;
  /** The other column that decided. */
  readonly column: string | null;
  /** Orders that fit, too, and give other days; for the warning. */
  readonly instead: readonly DateOrder[];
}

/** Values that the orders read differently. */
export interface OrderQuestion {
  readonly ambiguous: Values;
  readonly orders: readonly DateOrder[];
}

export interface OrderContext {
  readonly option: DateOrder | null;
  readonly clues: Clues<DateOrder>;
  /** Whether this file decides the column's type. */
  readonly isNew: boolean;
}

/**
 * Decides the order of a column's dates, by the values that are dates.
 *
 * @returns null if no order fits all of them, and this file decides the column's type
 */
export function decideOrder(
  evidence: ColumnEvidence,
  { option, clues, isNew }: OrderContext,
): OrderDecision | OrderQuestion | null {
  const dates = [...evidence.values.keys()].filter((readings) => (readings & ANY_ORDER) !== 0);
  const decided = (order: DateOrder | null, because: Because, column: string | null = null): OrderDecision => ({
    order,
    settles: order !== null && (fitting.length < 2 || ambiguous !== null),
    because,
    column,
    instead: fitting.filter(
      (other) => order !== null && other !== order && ambiguousValues(evidence, [order, other]) !== null,
    ),
  });
  const fitting = fittingOrders(dates);
  const candidates =
    fitting.length > 0
      ? fitting
      : DATE_ORDERS.filter((order) => dates.some((readings) => (readings & ORDER_BITS[order]) !== 0));
  const ambiguous = ambiguousValues(evidence, candidates);
  if (dates.every((readings) => (readings & ANY_ORDER) === ANY_ORDER && !isAmbiguous(readings)))
    return decided(null, 'values');
  if (option !== null) return decided(option, 'option');
  const [only] = fitting;
  if (fitting.length === 1 && only !== undefined && (clues.settled ?? only) === only) return decided(only, 'values');
  // What was settled holds: values that contradict it are rejected.
  if (clues.settled !== null && !fitting.includes(clues.settled)) return decided(clues.settled, 'settled');
  if (fitting.length === 0 && isNew) return null;
  if (ambiguous === null && only !== undefined) {
    // They all agree. An order is needed only if a value has others, too, which do not fit the rest of the column.
    return decided(dates.some(isAmbiguous) ? (clues.settled ?? only) : null, 'values');
  }
  const weighed = weighClues(candidates, clues);
  if (weighed.style !== null) return decided(weighed.style, weighed.because, weighed.column);
  const [likely, ...others] = weighed.conflict || fitting.length === 0 ? [] : likelyOrders(evidence, candidates);
  if (likely !== undefined && others.length === 0) return decided(likely, 'likelihood');
  const sample = ambiguous ?? valuesWhere(evidence, (readings) => dates.includes(readings));
  return { ambiguous: sample as Values, orders: candidates };
}

/** The order that a column's values can only have been written in; null if there are several, or the column is no dates. */
export function provenOrder(evidence: ColumnEvidence): DateOrder | null {
  const readings = [...evidence.values.keys()];
  if (readings.length === 0 || readings.some((some) => (some & ANY_ORDER) === 0)) return null;
  const fitting = fittingOrders(readings);
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

function fittingOrders(dates: readonly number[]): readonly DateOrder[] {
  return DATE_ORDERS.filter((order) => dates.every((readings) => (readings & ORDER_BITS[order]) !== 0));
}

function isAmbiguous(readings: number): boolean {
  return (readings & AMBIGUOUS_DATE) !== 0;
}

/** The values that two of the orders read as different days. */
function ambiguousValues(evidence: ColumnEvidence, orders: readonly DateOrder[]): Values | null {
  let bits = 0;
  for (const one of orders) for (const other of orders) bits |= ambiguityOf(one, other);
  return valuesWhere(evidence, (readings) => (readings & bits) !== 0);
}

/**
 * Those of the orders that are much likelier than the others:
 *
 * - Days vary more than years of two digits: in 30/12/24, 31/12/24 and so on the last part is the year.
 * - With dots, the day comes first. No locale of the CLDR writes the month first, few write two digits of the year first.
 */
function likelyOrders(evidence: ColumnEvidence, candidates: readonly DateOrder[]): readonly DateOrder[] {
  const first = bitCount(evidence.firstParts);
  const last = bitCount(evidence.lastParts);
  const yearsFirst = last >= MANY_DAYS && last >= 3 * first;
  const yearsLast = first >= MANY_DAYS && first >= 3 * last;
  const undotted = valuesWhere(evidence, (readings) => isAmbiguous(readings) && (readings & DOTTED) === 0);
  if (undotted === null && !yearsFirst) return candidates.filter((order) => order === 'dmy');
  return yearsLast ? candidates.filter((order) => order !== 'ymd') : candidates;
}

const MANY_DAYS = 6;

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
