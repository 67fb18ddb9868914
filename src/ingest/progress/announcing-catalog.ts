import type { Catalog } from '../../catalog/catalog.ts';
import type { UploadId } from '../../model/ids.ts';

/** A catalog that announces every upload that it has changed. @param changed called after the change */
export function announcingCatalog(catalog: Catalog, changed: (id: UploadId) => void): Catalog {
  const after = async <T>(id: UploadId, change: Promise<T>): Promise<T> => {
    const result = await change;
    changed(id);
    return result;
  };
  return {
    ...catalog,
    createUpload: (upload) => after(upload.id, catalog.createUpload(upload)),
    markReceived: (reception, file, limits) => after(reception.uploadId, catalog.markReceived(reception, file, limits)),
    deleteUpload: (reception) => after(reception.uploadId, catalog.deleteUpload(reception)),
    cancelUpload: (id) => after(id, catalog.cancelUpload(id)),
    undoUpload: (id) => after(id, catalog.undoUpload(id)),
    endRetention: (id) => after(id, catalog.endRetention(id)),
    async claimNext(claim) {
      const claimed = await catalog.claimNext(claim);
      if (claimed) changed(claimed.upload.id);
      return claimed;
    },
    commitUpload: (commit) => after(commit.uploadId, catalog.commitUpload(commit)),
    endAttempt: (attempt) => after(attempt.uploadId, catalog.endAttempt(attempt)),
  };
}
