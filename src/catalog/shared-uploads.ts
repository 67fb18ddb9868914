import type { CustomerId, UploadId } from '../model/ids.ts';
import type { UploadError } from './upload.ts';

/** How far the process that receives or loads an upload has come. */
export interface SavedProgress {
  readonly uploadId: UploadId;
  readonly bytesReceived: number;
  readonly rowsRead: number;
}

export interface WatchedUpload {
  readonly id: UploadId;
  readonly customerId: CustomerId;
  readonly hasEnded: boolean;
  readonly isCancelRequested: boolean;
  /** Is another text after every change that a client can see. */
  readonly state: string;
}

/**
 * What processes that share a catalog have to know of the uploads that others receive and load. Nothing of it has to survive, and a
 * process that has the catalog for itself needs none of it.
 */
export interface SharedUploads {
  /** Replaces what was saved for these uploads. */
  saveProgress(progress: readonly SavedProgress[]): Promise<void>;
  savedProgress(uploadIds: readonly UploadId[]): Promise<readonly SavedProgress[]>;
  /** Keeps for a while why an upload was refused that is not in the catalog any more. */
  addRefusal(refusal: {
    readonly uploadId: UploadId;
    readonly customerId: CustomerId;
    readonly error: UploadError;
    readonly keepMs: number;
  }): Promise<void>;
  /** @returns null if the customer's upload was not refused, or the time is over */
  findRefusal(customerId: CustomerId, uploadId: UploadId): Promise<UploadError | null>;
  /**
   * Looks at everything that somebody waits for, at once: of the given uploads and of all uploads of the given customers those that have
   * not ended, or only since a given time. Resumable files that are not whole are among them.
   *
   * @returns the uploads, and when this was, by the clock of the catalog
   */
  watchedUploads(watched: {
    readonly uploadIds: readonly UploadId[];
    readonly customerIds: readonly CustomerId[];
    readonly endedSince: Date;
  }): Promise<{ readonly at: Date; readonly uploads: readonly WatchedUpload[] }>;
  /** Removes the progress of uploads that have ended, and refusals whose time is over. */
  forgetSharedUploads(): Promise<void>;
}
