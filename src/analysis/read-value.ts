import type { ColumnType } from '../model/columns.ts';
import { parseDate, parseTimestamp } from '../model/parse-times.ts';
import type { Comparison, PlanValue } from '../table-store/query-plan.ts';
import { type RequestPart, shown } from './request-part.ts';

const MAX_TEXT_LENGTH = 10_000;
const FORMS: Readonly<Record<ColumnType, string>> = {
  integer: 'an integer (beyond 2^53 as a string of digits)',
  number: 'a number, "NaN", "Infinity" or "-Infinity"',
  boolean: 'true or false',
  date: 'a date such as "2024-02-29"',
  timestamp: 'a timestamp such as "2024-02-29T12:00:00Z" or "2024-02-29T12:00:00+01:00"',
  unknown: 'a string, number or boolean',
  text: `a string of at most ${MAX_TEXT_LENGTH} characters`,
};

const SPECIAL_NUMBERS: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity };

/** Reads a value that a column of this type is compared with. @throws Problem value_invalid */
export function readValue(part: RequestPart, type: ColumnType): PlanValue {
  const value = parsed(part.value, type);
  if (value !== null) return value;
  const isNull = part.value === null ? ' Use the operator "is null" to find nulls.' : '';
  throw part.problem('value_invalid', `${shown(part.value)} is not ${FORMS[type]}.${isNull}`);
}

function parsed(value: unknown, type: ColumnType): PlanValue | null {
  switch (type) {
    case 'integer':
      if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
      return typeof value === 'string' && /^-?\d{1,38}$/.test(value) ? BigInt(value) : null;
    case 'number':
      if (typeof value === 'number') return value;
      return typeof value === 'string' && Object.hasOwn(SPECIAL_NUMBERS, value)
        ? (SPECIAL_NUMBERS[value] as number)
        : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? inRange(parseDate(value)) : null;
    case 'timestamp':
      return typeof value === 'string' ? inRange(parseTimestamp(value)) : null;
    // A column without values: whatever it is compared with, no row meets the condition.
    case 'unknown':
      if (typeof value === 'string') return parsed(value, 'text');
      return typeof value === 'number' || typeof value === 'boolean' ? value : null;
    case 'text':
      return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH && value.isWellFormed() ? value : null;
  }
}

/** Tables can store the years 290307 BC to 294246. */
function inRange(micros: bigint | null): bigint | null {
  return micros !== null && micros > -9_223_372_022_400_000_000n && micros < 9_223_372_036_854_775_806n ? micros : null;
}

/**
 * Reads a value that integers are compared with, which may have decimals: `n > 1.5` is `n > 1`, and `n < 1.5` is `n < 2`.
 *
 * @throws Problem value_invalid
 */
export function readIntegerBound(
  part: RequestPart,
  op: Comparison,
): { readonly op: Comparison; readonly value: PlanValue } {
  const { value } = part;
  const hasDecimals = typeof value === 'number' && Number.isFinite(value) && !Number.isInteger(value);
  if (!hasDecimals || op === '=' || op === '!=') {
    return { op, value: readValue(part, 'integer') };
  }
  return op.startsWith('>')
    ? { op: '>', value: BigInt(Math.floor(value)) }
    : { op: '<', value: BigInt(Math.ceil(value)) };
}
