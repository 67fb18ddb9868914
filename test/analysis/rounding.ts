import assert from 'node:assert/strict';
import type { StoredValue } from '../../src/table-store/table-store.ts';
import type { NaiveResult } from './naive-query.ts';

/** Far more than the additions of a test add up to, and far less than any other fault: doubles have 2^-53. */
const RELATIVE = 1e-11;

/**
 * Fails unless results are the expected ones, but for rounding. What is left where terms cancel out depends on the order
 * in which they were added, so the difference is compared with the size of the terms, which `expected` has from the rows.
 */
export function assertSameResults(
  store: string,
  actual: readonly (readonly StoredValue[])[],
  expected: readonly NaiveResult[],
): void {
  const unrounded = actual.map((result, row) =>
    result.map((value, column) => {
      const wanted = expected[row]?.values[column];
      const size = expected[row]?.sizes[column] ?? null;
      return wanted !== undefined && isSame(value, wanted, size) ? wanted : value;
    }),
  );
  assert.deepEqual({ [store]: unrounded }, { [store]: expected.map(({ values }) => values) });
}

function isSame(a: StoredValue, b: StoredValue, size: number | null): boolean {
  // 0 and -0 are the same in answers.
  if (typeof a !== 'number' || typeof b !== 'number' || size === null) return a === b;
  const difference = Math.abs(a - b);
  return Number.isFinite(difference) && difference <= RELATIVE * Math.max(size, Math.abs(a), Math.abs(b));
}
