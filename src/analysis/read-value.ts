import type { LogicalType } from '../model/columns.ts';
import { parseDate, parseTimestamp } from '../model/parse-times.ts';
import type { Comparison, PlanValue } from '../table-store/query-plan.ts';
import { type RequestPart, shown } from './request-part.ts';

const FORMS: Readonly<Record<LogicalType, string>> = {
  integer: 'a whole number, past 2^53 as a text of digits',
  number: 'a number, or one of the texts "NaN", "Infinity" and "-Infinity"',
  boolean: 'true or false',
  date: 'a day such as "2024-02-29"',
  timestamp: 'a time such as "2024-02-29T12:00:00Z", or "2024-02-29T12:00:00+01:00"',
  text: 'a text',
};

/** Longest text that is compared with. */
const MOST_TEXT = 10_000;
const ODD_NUMBERS: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

/** Reads a value to compare a column of this type with. @throws Problem value_invalid */
export function readValue(part: RequestPart, type: LogicalType): PlanValue {
  const value = parsed(part.value, type);
  if (value !== null) return value;
  const isNull = part.value === null ? ' Ask for nulls with the operator "is null".' : '';
  throw part.problem('value_invalid', `${shown(part.value)} is not ${FORMS[type]}.${isNull}`);
}

function parsed(value: unknown, type: LogicalType): PlanValue | null {
  switch (type) {
    case 'integer':
      if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
      return typeof value === 'string' && /^-?\d{1,38}$/.test(value) ? BigInt(value) : null;
    case 'number':
      if (typeof value === 'number') return value;
      return typeof value === 'string' && Object.hasOwn(ODD_NUMBERS, value) ? (ODD_NUMBERS[value] as number) : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? inRange(parseDate(value)) : null;
    case 'timestamp':
      return typeof value === 'string' ? inRange(parseTimestamp(value)) : null;
    case 'text':
      return typeof value === 'string' && value.length <= MOST_TEXT && value.isWellFormed() ? value : null;
  }
}

/** The years 290307 BC to 294246 are those that tables can hold. */
function inRange(micros: bigint | null): bigint | null {
  return micros !== null && micros > -9_223_372_022_400_000_000n && micros < 9_223_372_036_854_775_806n ? micros : null;
}

/**
 * Reads a bound of whole numbers, which need not be whole itself: `n > 1.5` is `n > 1`, and `n < 1.5` is `n < 2`.
 *
 * @throws Problem value_invalid
 */
export function readIntegerBound(
  part: RequestPart,
  op: Comparison,
): { readonly op: Comparison; readonly value: PlanValue } {
  const { value } = part;
  if (typeof value !== 'number' || Number.isInteger(value) || op === '=' || op === '!=') {
    return { op, value: readValue(part, 'integer') };
  }
  return op.startsWith('>')
    ? { op: '>', value: BigInt(Math.floor(value)) }
    : { op: '<', value: BigInt(Math.ceil(value)) };
}
