import type { Catalog } from '../../catalog/catalog.ts';
import type { Deletion } from '../../catalog/customer.ts';
import type { Page } from '../../catalog/page.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerId } from '../../model/ids.ts';
import type { TableStore } from '../../table-store/table-store.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';
import { mayHaveRejectFiles, type RejectFiles } from '../spool/reject-files.ts';
import type { Spool } from '../spool/spool.ts';

export interface DeletionDeps {
  readonly catalog: Pick<Catalog, 'beginDeletion' | 'findDeletion' | 'endDeletion' | 'listUploads'>;
  readonly tables: Pick<TableStore, 'drop'>;
  readonly spool: Spool;
  readonly rejectFiles: RejectFiles;
  readonly resumable: ResumableUploads;
}

/**
 * Deletes a customer with everything it has: marks it in the catalog, then removes its tables, its files, and its entries in the
 * catalog. If that is interrupted, the mark stays: the call can be repeated, and `recovery.ts` continues it. Several nodes may do so at once.
 *
 * @throws Problem customer_busy while it has unfinished uploads
 */
export async function deleteCustomer(deps: DeletionDeps, customerId: CustomerId): Promise<void> {
  const start = await deps.catalog.beginDeletion(customerId);
  // By another request.
  if (start.kind === 'not_found') return;
  if (start.kind === 'busy') {
    const { uploads } = start;
    const detail = `Customer ${customerId} has ${uploads.length} unfinished ${uploads.length === 1 ? 'upload' : 'uploads'}.`;
    throw new Problem('customer_busy', detail, { uploads });
  }
  failpoint('deletion_started');
  await removeAll(deps, start.deletion);
}

/** Completes a deletion that was interrupted, unless another node has done so. */
export async function continueDeletion(deps: DeletionDeps, customerId: CustomerId): Promise<void> {
  const deletion = await deps.catalog.findDeletion(customerId);
  if (deletion) await removeAll(deps, deletion);
}

async function removeAll(deps: DeletionDeps, deletion: Deletion): Promise<void> {
  const { customerId, tableIds } = deletion;
  for (const tableId of tableIds) await deps.tables.drop({ customerId, tableId });
  failpoint('table_dropped');
  if (!(await removeFiles(deps, deletion))) return;
  failpoint('files_removed');
  await deps.catalog.endDeletion(deletion);
}

/**
 * Removes the bytes and the rejected rows of all uploads of a customer, and its resumable files.
 *
 * @returns false if another node has completed the deletion. The customer may have appeared again: what is listed then is not to be
 *   removed, so that the deletion is looked for after each list
 */
async function removeFiles(deps: DeletionDeps, { customerId, createdAt }: Deletion): Promise<boolean> {
  const { catalog, spool, rejectFiles, resumable } = deps;
  const isInDeletion = async (): Promise<boolean> =>
    (await catalog.findDeletion(customerId))?.createdAt.getTime() === createdAt.getTime();
  let after: string | null = null;
  do {
    const { items, nextCursor }: Page<Upload> = await catalog.listUploads(customerId, { after, limit: 1000 });
    if (!(await isInDeletion())) return false;
    for (const upload of items) {
      if (upload.retryUntil !== null) await spool.remove(upload);
      if (mayHaveRejectFiles(upload)) await rejectFiles.remove(upload.id);
    }
    after = nextCursor;
  } while (after !== null);
  const files = await resumable.idsOf(customerId);
  if (!(await isInDeletion())) return false;
  for (const id of files) await resumable.cancel(id);
  return true;
}
