import type { Readable } from 'node:stream';
import type { Catalog } from '../../catalog/catalog.ts';
import type { QueueLimits } from '../../catalog/queue-limits.ts';
import type { ReceivedFile, Upload, UploadOptions } from '../../catalog/upload.ts';
import type { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import type { Loader } from '../load/loader.ts';
import type { ProgressBoard } from '../progress.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import type { Spool } from '../spool/spool.ts';
import type { ReceiveSlots } from './receive-slots.ts';

/** One file on its way in. */
export interface Reception {
  readonly uploadId: UploadId;
  /** Names the customer: before the bytes where it is known (loading then runs beside receiving), or after them. */
  bind(access: CustomerAccess): Promise<void>;
  /**
   * Takes all bytes of the file, with back-pressure, and keeps them in the spool.
   *
   * @throws Problem where the bytes show that the file cannot be a table
   */
  write(bytes: Readable): Promise<void>;
  /**
   * Makes the file durable and registers it: from here on it ends as rows or as a failure that says why.
   *
   * @returns the upload; where its idempotency key was used for the same file, that earlier upload
   * @throws Problem duplicate_upload, idempotency_key_reused, too_many_uploads, queue_full, upload_cancelled,
   *   customer_busy, customer_not_found; or where the file cannot be appended to the customer's table
   */
  acknowledge(): Promise<Upload>;
  /**
   * Forgets the file, unless it was acknowledged. Safe to call at any time, more than once.
   *
   * @param reason what its sender is told; left out, it was the sender that went away
   */
  abandon(reason?: unknown): Promise<void>;
  /** Ends it for someone else than the sender, who is told `upload_cancelled`. Nothing where it was acknowledged. */
  cancel(): Promise<void>;
}

export interface ReceptionDeps extends QueueLimits {
  readonly catalog: Catalog;
  readonly spool: Spool;
  readonly loader: Loader;
  readonly observe: Observe;
  readonly progress: ProgressBoard;
  readonly receiveSlots: ReceiveSlots;
  readonly reserve: DiskReserve;
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  /** How long the next byte of a file may be waited for. */
  readonly idleMs: number;
  /** Told when the upload is acknowledged or forgotten. */
  readonly onClosed: (uploadId: UploadId) => void;
  /** Told when it ends without an acknowledgement, unless it was cancelled. */
  readonly onRefused: (uploadId: UploadId, access: CustomerAccess | null, refusal: Problem) => void;
}

export interface IncomingFile {
  readonly uploadId: UploadId;
  readonly filename: string | null;
  readonly contentEncoding: string | null;
  /** What the sender says that it will send, in bytes. */
  readonly expectedBytes: number | null;
  readonly options: UploadOptions;
  readonly idempotencyKey: string | null;
  /** The upload whose rejected rows the file brings, mended. */
  readonly corrects?: UploadId | null;
  /** The customer whose key the file came with: it may send for itself alone. */
  readonly caller?: CustomerId | null;
  /** The failed upload whose text this is; its figures are those of the file as it was sent. */
  readonly retryOf:
    | (Pick<ReceivedFile, 'bytes' | 'sha256' | 'encoding' | 'headerGuessed'> & { readonly id: UploadId })
    | null;
}
