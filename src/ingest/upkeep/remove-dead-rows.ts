import type { Catalog } from '../../catalog/catalog.ts';
import { failpoint } from '../../failpoints.ts';
import type { TableStore } from '../../table-store/table-store.ts';

export interface DeadRowsDeps {
  readonly catalog: Pick<Catalog, 'deadTags' | 'forgetTags'>;
  readonly tables: Pick<TableStore, 'purge' | 'drop'>;
}

/** Deletes the rows of attempts that have ended without a commit or were undone, and the tables that only such attempts had. */
export async function removeDeadRows(
  { catalog, tables }: DeadRowsDeps,
  isStopped: () => boolean = () => false,
): Promise<void> {
  for (const { customerId, tableId, tag, isTableInUse, mayBeWritten } of await catalog.deadTags()) {
    if (isStopped()) return;
    const table = { customerId, tableId };
    await (isTableInUse ? tables.purge(table, [tag]) : tables.drop(table));
    failpoint('rows_purged');
    if (!mayBeWritten) await catalog.forgetTags(customerId, [tag]);
  }
}
