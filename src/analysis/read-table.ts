import type { Catalog } from '../catalog/catalog.ts';
import { hasSameRows, type TableForReading } from '../catalog/table-state.ts';
import type { CustomerId } from '../model/ids.ts';
import { StorageFailure } from '../model/storage-failure.ts';
import { tableMissing } from './incomplete-read.ts';

interface NoTable {
  readonly kind: 'no_table';
}

/** What a read of a table came to. */
export interface TableRead<Outcome> {
  /** Null: there was nothing to read, since the table or rows of it were removed in the meantime. */
  readonly outcome: Exclude<Outcome, NoTable> | null;
  /** The table after the read. */
  readonly now: TableForReading | null;
}

/**
 * Reads a table, and looks at it in the catalog afterwards. The store may fail in any way if the table is dropped at that moment.
 *
 * @throws StorageFailure if the table is still there
 * @throws Problem table_missing
 */
export async function readTable<Outcome extends { readonly kind: string }>(
  catalog: Pick<Catalog, 'tableForReading'>,
  customerId: CustomerId,
  view: TableForReading,
  read: () => Promise<Outcome | NoTable>,
): Promise<TableRead<Outcome>> {
  const outcome = await read().catch((error: unknown) => {
    if (error instanceof StorageFailure) return error;
    throw error;
  });
  const now = await catalog.tableForReading(customerId);
  if (!(outcome instanceof StorageFailure) && outcome.kind !== 'no_table') {
    return { outcome: outcome as Exclude<Outcome, NoTable>, now };
  }
  if (!hasSameRows(view, now)) return { outcome: null, now };
  throw outcome instanceof StorageFailure ? outcome : tableMissing(customerId, view);
}
