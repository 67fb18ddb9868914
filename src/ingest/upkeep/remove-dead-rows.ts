import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { TableStore } from '../../table-store/table-store.ts';

export interface DeadRowsDeps {
  readonly catalog: Pick<Catalog, 'deadTags' | 'markPurged' | 'forgetTags'>;
  readonly tables: Pick<TableStore, 'purge' | 'drop'>;
  readonly observe: Observe;
}

/**
 * Deletes the rows of attempts that have ended without a commit or were undone, and the tables that only such attempts had. What fails
 * is tried again next time: nobody sees these rows, and one table is no reason to leave those of others.
 */
export async function removeDeadRows(
  { catalog, tables, observe }: DeadRowsDeps,
  isStopped: () => boolean = () => false,
): Promise<void> {
  for (const { customerId, tableId, tag, isTableInUse, mayBeWritten } of await catalog.deadTags()) {
    if (isStopped()) return;
    const table = { customerId, tableId };
    try {
      await (isTableInUse ? tables.purge(table, [tag]) : tables.drop(table));
    } catch (error) {
      observe({ kind: 'background_failed', task: 'dead rows', error: error as Error });
      // The next table would not be reached either.
      if (error instanceof StorageFailure && error.reason === 'unavailable') return;
      continue;
    }
    failpoint('rows_purged');
    if (mayBeWritten) await catalog.markPurged(customerId, tag);
    else await catalog.forgetTags(customerId, [tag]);
  }
}
