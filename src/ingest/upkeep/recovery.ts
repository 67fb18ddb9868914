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

/**
 * Cleans up after a crash, before anything else runs: leases of the dead process, rows of dead attempts, customers whose deletion was
 * interrupted, files that were never acknowledged or are no longer needed.
 */
export async function recover(deps: RecoveryDeps): Promise<void> {
  const { catalog, resumable, observe } = deps;
  await resumable.open();
  await catalog.releaseLeases();
  failpoint('leases_released');
  await removeDeadRows(deps);
  for (const customerId of await catalog.customersInDeletion()) {
    await deleteCustomer(deps, customerId).catch((error: Error) =>
      observe({ kind: 'background_failed', task: 'deletion', error }),
    );
  }
  // Their clients never got a 202, and their connections are closed.
  for (const { id } of await catalog.uploadsInStatus(['receiving'])) await catalog.deleteUpload(id);
  failpoint('unacknowledged_deleted');
  await removeUnneededFiles(deps);
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
