import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import type { TableStore } from '../../table-store/table-store.ts';

export interface StrayTablesDeps {
  readonly catalog: Pick<Catalog, 'unknownTables'>;
  readonly tables: Pick<TableStore, 'emptyTables' | 'drop'>;
  readonly observe: Observe;
}

/** How old a table has to be. Nothing depends on it: it is time for somebody to notice. */
const UNCHANGED_MS = 24 * 60 * 60 * 1000;
const PAGE = 500;

/**
 * Drops tables that nobody knows: a process that was suspended until its attempt was forgotten may create one, and be killed before it notices.
 * None of them has rows, since no insert begins in a table that was dropped. A table that has some is left alone, since the catalog may be one
 * from an older backup.
 */
export async function removeStrayTables(
  { catalog, tables, observe }: StrayTablesDeps,
  isStopped: () => boolean = () => false,
  unchangedMs = UNCHANGED_MS,
): Promise<void> {
  // In this order: an attempt is in the catalog before its table exists.
  const empty = await tables.emptyTables(unchangedMs);
  for (let start = 0; start < empty.length; start += PAGE) {
    for (const table of await catalog.unknownTables(empty.slice(start, start + PAGE))) {
      if (isStopped()) return;
      await tables.drop(table);
      observe({ kind: 'stray_table_dropped', ...table });
    }
  }
}
