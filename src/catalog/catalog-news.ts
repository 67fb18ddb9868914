import type { CustomerId, UploadId } from '../model/ids.ts';

/** A change that others may be waiting for, in this process and in every other that uses the catalog. It contains IDs only. */
export type CatalogChange =
  /**
   * `upload_changed`: the status, the progress, or anything else of the upload. `upload_ended`: the same, and from now on it has ended
   * or no longer exists. `upload_queued`: the same as `upload_changed`, and any process may load it now. `cancel_requested`: the process that receives or loads the upload is to cancel it.
   */
  | {
      readonly kind: 'upload_changed' | 'upload_queued' | 'upload_ended' | 'cancel_requested';
      readonly uploadId: UploadId;
      /** Null if the publisher does not know it. */
      readonly customerId: CustomerId | null;
    }
  /** The process that runs the analysis is to cancel it. */
  | { readonly kind: 'analysis_cancelled'; readonly analysisId: string; readonly customerId: CustomerId };

/** `missed`: the connection was lost for a while, so that changes may have been missed. */
export type CatalogNewsItem = CatalogChange | { readonly kind: 'missed' };

/**
 * Notifies the processes that share a catalog of changes. It makes them quick, and no promise may rest on it: news may be lost, late
 * or repeated, so that everything that it announces is also found by looking at the catalog every few seconds.
 */
export interface CatalogNews {
  /**
   * To be called after the change was committed. The listeners of this process are called at once, before it returns and exactly once;
   * those of other processes soon. Never throws.
   */
  publish(change: CatalogChange): void;
  /** @param listener must not throw. @returns ends the subscription */
  subscribe(listener: (news: CatalogNewsItem) => void): () => void;
}
