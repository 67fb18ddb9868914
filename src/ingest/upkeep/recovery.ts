import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { TableStore } from '../../table-store/table-store.ts';
import type { RejectFiles } from '../spool/reject-files.ts';
import { continueDeletion, type DeletionDeps } from './delete-customer.ts';
import { removeDeadRows } from './remove-dead-rows.ts';
import { removeUnneededFiles, type UnneededFilesDeps } from './unneeded-files.ts';

export interface RecoveryDeps extends DeletionDeps, Pick<UnneededFilesDeps, 'chunks' | 'instance' | 'receptions'> {
  readonly rejectFiles: RejectFiles;
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly observe: Observe;
}

/** Cleans up after a crash of the only process, before anything else runs. Nodes of a cluster do the same in the background. */
export async function recover(deps: RecoveryDeps): Promise<void> {
  await takeOver(deps);
  await deps.resumable.expire();
  await removeUnneededFiles(deps);
}

/**
 * Ends what dead instances have left: their leases, the rows of their attempts, deletions of customers that they have started, and
 * uploads that they were receiving. Several nodes may do this at the same time.
 */
export async function takeOver(deps: RecoveryDeps, isStopped: () => boolean = () => false): Promise<void> {
  const { catalog, observe } = deps;
  await catalog.releaseDeadLeases();
  failpoint('leases_released');
  // A table store that cannot be reached holds up nothing else.
  const [rows] = await Promise.allSettled([removeDeadRows(deps, isStopped)]);
  for (const customerId of await catalog.customersInDeletion()) {
    if (isStopped()) return;
    await continueDeletion(deps, customerId).catch((error: Error) =>
      observe({ kind: 'background_failed', task: 'deletion', error }),
    );
  }
  // Their clients never got a 202, and their connections are closed.
  const receptions = await catalog.deadReceptions();
  for (const reception of receptions) await catalog.deleteUpload(reception);
  failpoint('unacknowledged_deleted');
  if (receptions.length > 0) await removeUnneededFiles(deps);
  if (rows.status === 'rejected') throw rows.reason;
}
