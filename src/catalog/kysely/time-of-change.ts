import type { CustomerRow } from './catalog-tables.ts';

/**
 * When a new state of a table became the current one: at its commit, but in a later second than the state before it. HTTP compares whole
 * seconds (If-Modified-Since), so that two states in one could not be distinguished, whatever the clocks of nodes are, and however long
 * a commit takes.
 */
export function timeOfChange({ changed_at: before }: CustomerRow, at: number): number {
  return before === null ? at : Math.max(at, Math.ceil(before / 1000) * 1000 + 1);
}
