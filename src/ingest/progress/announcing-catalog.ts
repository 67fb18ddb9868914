import type { Catalog } from '../../catalog/catalog.ts';
import type { CatalogChange } from '../../catalog/catalog-news.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';

/** A catalog that announces every upload that it has changed, after the change. */
export function announcingCatalog(catalog: Catalog): Catalog {
  const announce =
    (kind: Exclude<CatalogChange['kind'], 'analysis_cancelled'>) =>
    (uploadId: UploadId, customerId: CustomerId | null = null): void =>
      catalog.news.publish({ kind, uploadId, customerId });
  const changed = announce('upload_changed');
  const queued = announce('upload_queued');
  const ended = announce('upload_ended');
  return {
    ...catalog,
    async createUpload(upload) {
      const created = await catalog.createUpload(upload);
      changed(created.id, created.customerId);
      return created;
    },
    async markReceived(reception, file, limits) {
      const outcome = await catalog.markReceived(reception, file, limits);
      if (outcome.kind !== 'received') changed(reception.uploadId);
      else {
        const { id, customerId, retryOf } = outcome.upload;
        queued(id, customerId);
        if (retryOf !== null) changed(retryOf, customerId);
      }
      return outcome;
    },
    async deleteUpload(reception) {
      await catalog.deleteUpload(reception);
      ended(reception.uploadId);
    },
    async requestCancel(id) {
      const outcome = await catalog.requestCancel(id);
      if (outcome === 'cancelled') ended(id);
      if (outcome === 'requested') announce('cancel_requested')(id);
      return outcome;
    },
    async cancelUpload(id) {
      const isCancelled = await catalog.cancelUpload(id);
      if (isCancelled) ended(id);
      return isCancelled;
    },
    async undoUpload(id) {
      const undone = await catalog.undoUpload(id);
      if (undone) changed(id, undone.customerId);
      return undone;
    },
    async endRetention(id) {
      await catalog.endRetention(id);
      changed(id);
    },
    async claimNext(claim) {
      const claimed = await catalog.claimNext(claim);
      if (claimed) changed(claimed.upload.id, claimed.upload.customerId);
      return claimed;
    },
    async commitUpload(commit) {
      const committed = await catalog.commitUpload(commit);
      if (committed !== 'lost') ended(committed.id, committed.customerId);
      return committed;
    },
    async endAttempt(attempt) {
      const isHeld = await catalog.endAttempt(attempt);
      if (isHeld) (attempt.outcome.kind === 'requeued' ? queued : ended)(attempt.uploadId);
      return isHeld;
    },
  };
}
