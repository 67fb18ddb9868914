import type { TableForReading } from '../catalog/catalog.ts';

/**
 * Whether all rows of a state of a table are still there. Rows of an undone upload are deleted in the background, perhaps
 * while they are read; rows that came later are no part of the state, and are left out.
 */
export function hasSameRows(view: TableForReading, now: TableForReading | null): now is TableForReading {
  return now !== null && now.generation === view.generation && now.createdAt.getTime() === view.createdAt.getTime();
}
