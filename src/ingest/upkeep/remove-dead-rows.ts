import type { Catalog } from '../../catalog/catalog.ts';
import type { UncommittedTag } from '../../catalog/table-state.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import { MAX_TAGS, type TableStore } from '../../table-store/table-store.ts';

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
  for (const tags of ofOneTable(await catalog.deadTags())) {
    if (isStopped()) return;
    const [{ customerId, tableId, isTableInUse }] = tags;
    const table = { customerId, tableId };
    try {
      await (isTableInUse ? tables.purge(table, tags.map(tagOf)) : tables.drop(table));
    } catch (error) {
      observe({ kind: 'background_failed', task: 'dead rows', error: error as Error });
      // The next table would not be reached either.
      if (error instanceof StorageFailure && error.reason === 'unavailable') return;
      continue;
    }
    failpoint('rows_purged');
    for (const { tag, mayBeWritten } of tags) if (mayBeWritten) await catalog.markPurged(table, tag);
    await catalog.forgetTags(table, tags.filter(({ mayBeWritten }) => !mayBeWritten).map(tagOf));
  }
}

/** The tags of each table, as many as are purged together: a deletion costs a store the same for one and for all of them. */
function* ofOneTable(tags: readonly UncommittedTag[]): Generator<readonly [UncommittedTag, ...UncommittedTag[]]> {
  const tables = Map.groupBy(tags, ({ customerId, tableId }) => `${customerId}_${tableId}`);
  for (const all of tables.values()) {
    for (let at = 0; at < all.length; at += MAX_TAGS) {
      const [first, ...others] = all.slice(at, at + MAX_TAGS);
      if (first) yield [first, ...others];
    }
  }
}

function tagOf({ tag }: UncommittedTag): number {
  return tag;
}
