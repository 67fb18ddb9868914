import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';
import type { Loader } from '../load/loader.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { Receptions } from '../receive/receptions.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';
import type { Spool } from '../spool/spool.ts';
import type { Housekeeping } from '../upkeep/housekeeping.ts';
import type { Uploads } from './uploads.ts';

export interface CancelUndoDeps {
  readonly uploads: Uploads;
  readonly catalog: Pick<Catalog, 'findUpload' | 'cancelUpload' | 'undoUpload'>;
  readonly receptions: Receptions;
  readonly resumable: ResumableUploads;
  readonly loader: Pick<Loader, 'cancel'>;
  readonly housekeeping: Housekeeping;
  readonly spool: Spool;
  readonly progress: ProgressBoard;
  readonly observe: Observe;
}

/** How long to wait before trying again if the upload changed its status in the meantime. */
const RETRY_MS = 20;

/**
 * Cancels an upload that is not committed yet, or undoes one that is. Uploads that ended otherwise and dry runs stay as they are.
 *
 * @returns the upload afterwards
 * @throws Problem upload_not_found; key_lacks_right if the upload is committed, and the caller may not undo
 */
export async function cancelOrUndo(deps: CancelUndoDeps, access: CustomerAccess, uploadId: UploadId): Promise<Upload> {
  for (;;) {
    const upload = await deps.uploads.get(access, uploadId);
    const isDone = upload.finishedAt === null ? await cancel(deps, upload) : await undo(deps, access, upload);
    if (isDone) {
      // Nothing is left of a resumable file that was not whole.
      return (await deps.uploads.find(uploadId)) ?? { ...upload, status: 'cancelled', finishedAt: new Date() };
    }
    await sleep(RETRY_MS);
  }
}

/**
 * Ends an upload before its commit, in all of its stages: a file being received, a resumable file that is not whole, an attempt,
 * an upload in the queue.
 *
 * @returns false if its status changed in the meantime
 */
async function cancel(deps: CancelUndoDeps, { id, customerId }: Upload): Promise<boolean> {
  const wasReceiving = await deps.receptions.cancel(id);
  const wasResumable = await deps.resumable.cancel(id);
  await deps.loader.cancel(id);
  const wasQueued = await deps.catalog.cancelUpload(id);
  // A resumable file may have become an upload, and that been committed, in the meantime.
  const wasNoUpload = wasResumable && (await deps.catalog.findUpload(id)) === null;
  if (!wasReceiving && !wasQueued && !wasNoUpload) return false;
  failpoint('cancelled');
  await deps.spool.remove(id);
  deps.progress.ended(id);
  deps.observe({ kind: 'upload_cancelled', uploadId: id, customerId });
  return true;
}

/**
 * Makes the rows of a committed upload disappear from every answer, in one transaction of the catalog. Housekeeping deletes them
 * later.
 *
 * @returns false if its status changed in the meantime
 */
async function undo(deps: CancelUndoDeps, { rights }: CustomerAccess, upload: Upload): Promise<boolean> {
  const { id, customerId, status, options } = upload;
  if (status !== 'complete' || options.dryRun) return true;
  if (!rights.includes('undo')) {
    const detail = `Upload ${id} is complete, and the API key lacks the \`undo\` permission.`;
    throw new Problem('key_lacks_right', detail);
  }
  if (!(await deps.catalog.undoUpload(id))) return false;
  failpoint('undone');
  deps.observe({ kind: 'upload_undone', uploadId: id, customerId });
  deps.housekeeping.sweep();
  return true;
}
