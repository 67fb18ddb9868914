import type { Catalog } from '../../catalog/catalog.ts';
import type { Page } from '../../catalog/page.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerId } from '../../model/ids.ts';
import type { TableStore } from '../../table-store/table-store.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';
import type { RejectedRows } from '../spool/rejected-rows.ts';
import type { Spool } from '../spool/spool.ts';

export interface DeletionDeps {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly spool: Spool;
  readonly rejects: RejectedRows;
  readonly resumable: ResumableUploads;
}

/**
 * Deletes a customer with all it has: marked in the catalog, then its table, its files, and what the catalog knows of it.
 * Where that is cut short the mark stays: it can be asked for again, and `recovery.ts` does so at the next start.
 *
 * @throws Problem customer_busy while uploads have not ended
 */
export async function deleteCustomer(deps: DeletionDeps, customerId: CustomerId): Promise<void> {
  const uploads = await deps.catalog.beginDeletion(customerId);
  if (uploads.length > 0) {
    const detail = `${uploads.length} of the uploads of customer ${customerId} have not ended.`;
    throw new Problem('customer_busy', detail, { uploads });
  }
  failpoint('deletion_begun');
  await deps.tables.drop(customerId);
  failpoint('table_dropped');
  await removeFiles(deps, customerId);
  await deps.resumable.removeOf(customerId);
  failpoint('files_removed');
  await deps.catalog.deleteCustomer(customerId);
}

/** Removes all files that are kept of a customer's uploads. */
async function removeFiles({ catalog, spool, rejects }: DeletionDeps, customerId: CustomerId): Promise<void> {
  let after: string | null = null;
  do {
    const { items, nextCursor }: Page<Upload> = await catalog.listUploads(customerId, { after, limit: 1000 });
    for (const { id } of items) await Promise.all([spool.remove(id), rejects.remove(id)]);
    after = nextCursor;
  } while (after !== null);
}
