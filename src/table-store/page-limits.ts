/** Approximate maximum size of a page, in the store's form. */
export const PAGE_BYTES = 8 * 1024 * 1024;

const BUDGET_MS = 5_000;

/** If matching rows are far apart, a page ends after this time, and the next one continues from there. */
export function pageBudgetMs(deadlineMs: number): number {
  return Math.min(BUDGET_MS, deadlineMs / 2);
}
