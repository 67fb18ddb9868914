import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import { parseUploadId } from '../../model/ids.ts';
import type { TableStore } from '../../table-store/table-store.ts';
import { type DeletionDeps, deleteCustomer } from './delete-customer.ts';

export interface RecoveryDeps extends DeletionDeps {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly observe: Observe;
}

/**
 * Cleans up after a crash, before anything else runs: leases of the dead process, files that were never acknowledged, rows of
 * dead attempts, customers whose deletion was interrupted, and files that are no longer needed.
 */
export async function recover(deps: RecoveryDeps): Promise<void> {
  const { catalog, tables, resumable, observe } = deps;
  await resumable.open();
  await catalog.releaseLeases();
  failpoint('leases_released');
  for (const { customerId, tag } of await catalog.deadTags()) {
    const customer = await catalog.findCustomer(customerId);
    await (customer?.table ? tables.purge(customerId, [tag]) : tables.drop(customerId));
    failpoint('rows_purged');
    await catalog.forgetTags(customerId, [tag]);
  }
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
