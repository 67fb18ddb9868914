import type { CustomerRow } from './catalog-tables.ts';

/** Longer than any commit takes, and than clocks of nodes differ. */
const MOST_AHEAD_MS = 60_000;

/**
 * When a new state of a table became the current one: at its commit, but in a later second than the state before it. HTTP compares whole
 * seconds (If-Modified-Since), so that two states in one could not be distinguished, whatever the clocks of nodes are, and however long
 * a commit takes. Of a table that changes all the time, it is a minute after the commit: the time is used once it has passed, so that
 * only the last state of such a second is ever named by it.
 */
export function timeOfChange({ changed_at: before }: CustomerRow, at: number): number {
  if (before === null) return at;
  return Math.min(Math.max(at, Math.ceil(before / 1000) * 1000 + 1), at + MOST_AHEAD_MS);
}
