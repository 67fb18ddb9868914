import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import { parseUploadId } from '../../model/ids.ts';
import { type DeletionDeps, deleteCustomer } from './delete-customer.ts';

/**
 * Puts in order what a crash left behind, before anything else is done: leases of a process that is gone, files that
 * were never acknowledged, rows of dead attempts, customers half deleted, and spool folders nobody needs.
 */
export async function recover({ observe, ...deps }: DeletionDeps & { readonly observe: Observe }): Promise<void> {
  const { catalog, tables, spool, rejects, resumable } = deps;
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
  // Their senders were never told 202, and their connections are gone.
  for (const { id } of await catalog.uploadsInStatus(['receiving'])) await catalog.deleteUpload(id);
  failpoint('unacknowledged_forgotten');
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
