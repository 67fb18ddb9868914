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
  readonly catalog: Pick<Catalog, 'findUpload' | 'requestCancel' | 'undoUpload' | 'news'>;
  readonly receptions: Receptions;
  readonly resumable: ResumableUploads;
  readonly loader: Pick<Loader, 'cancel' | 'wake'>;
  readonly housekeeping: Housekeeping;
  readonly spool: Spool;
  readonly progress: ProgressBoard;
  readonly observe: Observe;
  /** How long to wait for another process that receives or loads the upload. Default: 30 s */
  readonly holderMs?: number | undefined;
}

const HOLDER_MS = 30_000;
/** How long to wait before trying again: briefly, if the upload only changed its status in the meantime, then longer. */
const RETRY_MS = 20;
const MAX_RETRY_MS = 1_000;

/**
 * Cancels an upload that is not committed yet, or undoes one that is. Uploads that ended otherwise and dry runs stay as they are.
 *
 * @returns the upload afterwards
 * @throws Problem upload_not_found; key_lacks_right if the upload is committed, and the caller may not undo; cancel_pending if another
 *   process does not cancel it in time
 */
export async function cancelOrUndo(deps: CancelUndoDeps, access: CustomerAccess, uploadId: UploadId): Promise<Upload> {
  const deadline = performance.now() + (deps.holderMs ?? HOLDER_MS);
  let upload = await deps.uploads.get(access, uploadId);
  for (let retryMs = RETRY_MS; ; retryMs = Math.min(2 * retryMs, MAX_RETRY_MS)) {
    // Before the request, so that an end right after it is not missed.
    const end = deps.progress.waitForEnd(uploadId, retryMs);
    try {
      const isDone = upload.finishedAt === null ? await cancel(deps, upload) : await undo(deps, access, upload);
      if (!isDone) await end.promise;
      const latest = await deps.uploads.find(uploadId);
      // Nothing is left of a file that was not acknowledged, or not whole.
      if (!latest) return { ...upload, status: 'cancelled', finishedAt: new Date() };
      if (isDone) return latest;
      upload = latest;
    } finally {
      end.stop();
    }
    if (performance.now() > deadline) {
      throw new Problem(
        'cancel_pending',
        `Upload ${uploadId} is ${upload.status} on another node, which has not ended it yet.`,
      );
    }
  }
}

/**
 * Ends an upload before its commit, in all of its stages: a file being received, a resumable file that is not whole, an attempt,
 * an upload in the queue. What this process has of it ends at once; others are requested to do the same.
 *
 * @returns false if it has not ended yet, or otherwise in the meantime
 */
async function cancel(deps: CancelUndoDeps, upload: Upload): Promise<boolean> {
  const { catalog } = deps;
  const { id, customerId } = upload;
  // First, so that nothing begins to load it in the meantime.
  const outcome = await catalog.requestCancel(id);
  const wasReceiving = await deps.receptions.cancel(id);
  const wasResumable = await deps.resumable.cancel(id);
  // The catalog announces only what it has. Another process may be sending bytes of the file.
  if (wasResumable) catalog.news.publish({ kind: 'cancel_requested', uploadId: id, customerId });
  await deps.loader.cancel(id);
  // A resumable file may have become an upload, and that been committed, in the meantime.
  const latest = await catalog.findUpload(id);
  const wasNoUpload = wasResumable && latest === null;
  if (!wasReceiving && outcome !== 'cancelled' && !wasNoUpload) {
    // If its holder is gone, whatever claims it now ends it.
    deps.loader.wake();
    return false;
  }
  failpoint('cancelled');
  if (wasReceiving) return true;
  // Another process may have received it in the meantime: only then are its segments named.
  await deps.spool.remove(latest ?? upload);
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
