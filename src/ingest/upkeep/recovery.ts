import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import { parseUploadId } from '../../model/ids.ts';
import type { TableStore } from '../../table-store/table-store.ts';
import { type DeletionDeps, deleteCustomer } from './delete-customer.ts';
import { removeDeadRows } from './remove-dead-rows.ts';

export interface RecoveryDeps extends DeletionDeps {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly observe: Observe;
}

/** Cleans up after a crash, before anything else runs. What other nodes do is left alone. */
export async function recover(deps: RecoveryDeps): Promise<void> {
  await deps.resumable.open();
  await takeOver(deps);
  // A file that another process is receiving may not be in the catalog yet.
  if (!deps.catalog.isShared) await removeUnneededFiles(deps);
}

/**
 * Ends what dead instances have left: their leases, the rows of their attempts, deletions of customers that they have started, and
 * uploads that they were receiving. Several nodes may do this at the same time.
 */
export async function takeOver(deps: RecoveryDeps, isStopped: () => boolean = () => false): Promise<void> {
  const { catalog, spool, observe } = deps;
  await catalog.releaseDeadLeases();
  failpoint('leases_released');
  await removeDeadRows(deps, isStopped);
  for (const customerId of await catalog.customersInDeletion()) {
    if (isStopped()) return;
    await deleteCustomer(deps, customerId).catch((error: Error) =>
      observe({ kind: 'background_failed', task: 'deletion', error }),
    );
  }
  // Their clients never got a 202, and their connections are closed.
  for (const reception of await catalog.deadReceptions()) {
    await catalog.deleteUpload(reception);
    if (catalog.isShared) await spool.remove(reception.uploadId);
  }
  failpoint('unacknowledged_deleted');
}

async function removeUnneededFiles({ catalog, spool, rejects }: RecoveryDeps): Promise<void> {
  const waiting = (await catalog.uploadsInStatus(['received', 'ingesting'])).map(({ id }) => id);
  const needed = new Set<string>([...waiting, ...(await catalog.keptFailures('all'))]);
  for (const folder of await spool.folders()) {
    const uploadId = parseUploadId(folder);
    if (uploadId !== null && !needed.has(folder)) await spool.remove(uploadId);
  }
  for (const name of await rejects.uploads()) {
    const uploadId = parseUploadId(name);
    if (uploadId !== null && !(await catalog.findUpload(uploadId))) await rejects.remove(uploadId);
  }
}
