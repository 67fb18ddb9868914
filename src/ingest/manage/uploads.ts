import type { Catalog } from '../../catalog/catalog.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Problem } from '../../errors.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';
import { uploadNotFound } from '../../model/not-found.ts';
import { type Counts, type Progress, type ProgressBoard, progressOf } from '../progress/progress-board.ts';
import type { RefusedUploads } from '../progress/refused-uploads.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';

export interface UploadsDeps {
  readonly catalog: Pick<Catalog, 'findUpload' | 'unfinishedUploads' | 'isShared' | 'savedProgress'>;
  readonly resumable: Pick<ResumableUploads, 'findUpload' | 'idsOf' | 'bytesOf'>;
  readonly progress: ProgressBoard;
  readonly refused: RefusedUploads;
}

/** All uploads: those in the catalog, and resumable files that are not whole. */
export class Uploads {
  readonly #deps: UploadsDeps;

  constructor(deps: UploadsDeps) {
    this.#deps = deps;
  }

  async find(uploadId: UploadId): Promise<Upload | null> {
    const { catalog, resumable } = this.#deps;
    const upload = (await catalog.findUpload(uploadId)) ?? (await resumable.findUpload(uploadId));
    // A resumable file is removed after its upload is in the catalog, perhaps in between.
    return upload ?? catalog.findUpload(uploadId);
  }

  /** The uploads of a customer that have not ended. */
  async unfinished({ customerId }: CustomerAccess): Promise<readonly UploadId[]> {
    const { catalog, resumable } = this.#deps;
    return [...new Set([...(await resumable.idsOf(customerId)), ...(await catalog.unfinishedUploads(customerId))])];
  }

  /** @returns for each upload how far it is, as this process or another one has counted; null if it has ended */
  async progressOf(uploads: readonly Upload[]): Promise<readonly (Progress | null)[]> {
    const { catalog, progress } = this.#deps;
    const elsewhere = uploads.filter(({ id, finishedAt }) => finishedAt === null && !progress.countsOf(id));
    const saved = catalog.isShared ? await catalog.savedProgress(elsewhere.map(({ id }) => id)) : [];
    const counts = new Map<UploadId, Counts>(saved.map((each) => [each.uploadId, each]));
    // Of a file that arrives in several requests, the bytes of earlier ones are on disk. What was saved may be from before they were.
    for (const { id } of elsewhere.filter(({ file }) => !file)) {
      const { bytesReceived = 0, rowsRead = 0 } = counts.get(id) ?? {};
      counts.set(id, { bytesReceived: Math.max(bytesReceived, await this.#deps.resumable.bytesOf(id)), rowsRead });
    }
    const none = { bytesReceived: 0, rowsRead: 0 };
    return uploads.map((upload) => progressOf(upload, progress.countsOf(upload.id) ?? counts.get(upload.id) ?? none));
  }

  /** Why an upload was refused before it was acknowledged; null if it was not, or too long ago. */
  refusalOf({ customerId }: CustomerAccess, uploadId: UploadId): Promise<Problem | null> {
    return this.#deps.refused.problemOf(customerId, uploadId);
  }

  /** @throws Problem upload_not_found if the customer has no such upload */
  async get({ customerId }: CustomerAccess, uploadId: UploadId): Promise<Upload> {
    const upload = await this.find(uploadId);
    if (upload?.customerId === customerId) return upload;
    throw uploadNotFound(uploadId);
  }

  /**
   * Waits until the upload has ended, but at most `timeoutMs`, or until the signal aborts.
   *
   * @returns the upload as it is then; it may be returned earlier
   * @throws Problem upload_not_found if the customer has no such upload; the reason, if it was refused lately
   */
  async waitUntilEnded(
    access: CustomerAccess,
    uploadId: UploadId,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Upload> {
    const end = this.#deps.progress.waitForEnd(uploadId, timeoutMs, signal);
    try {
      const upload = await this.get(access, uploadId);
      if (upload.finishedAt !== null) return upload;
      await end.promise;
      return await this.get(access, uploadId);
    } catch (error) {
      throw (await this.refusalOf(access, uploadId)) ?? error;
    } finally {
      end.stop();
    }
  }
}
