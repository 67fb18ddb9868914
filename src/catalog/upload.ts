import type { CsvDialect, CsvLayout } from '../csv/dialect.ts';
import type { SampleRow } from '../csv/sample-rows.ts';
import type { CsvOrigin, CsvSegment } from '../csv/segment.ts';
import type { WidenedColumn } from '../model/column-uses.ts';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { ParsedColumn } from '../model/parsed-columns.ts';
import type { Page, PageRequest } from './page.ts';
import type { QueueLimit, QueueLimits } from './queue-limits.ts';
import type { Micros } from './table-state.ts';
import type { UploadOptions } from './upload-options.ts';

export type UploadStatus = 'receiving' | 'received' | 'ingesting' | 'complete' | 'failed' | 'cancelled' | 'undone';

export const UNFINISHED: readonly UploadStatus[] = ['receiving', 'received', 'ingesting'];

export interface EarlierUpload {
  readonly id: UploadId;
  readonly createdAt: Date;
}

/** A file of which every byte is on disk. */
export interface ReceivedFile {
  /** Size after decompression, before conversion to UTF-8. */
  readonly bytes: number;
  /** Lower-case hexadecimal SHA-256 of those bytes. */
  readonly sha256: string;
  readonly encoding: string;
  readonly dialect: CsvDialect;
  readonly layout: CsvLayout;
  readonly columns: readonly string[];
  /** Whether the first record was assumed to be the header without evidence, or to be a row. */
  readonly headerGuessed?: boolean;
  /** The header record as the segments would have it, without its line end; null if the file has no header. */
  readonly headerText: string | null;
  readonly records: number;
  readonly segments: readonly CsvSegment[];
  /** Null if the file is not UTF-8, or its line ends differ. */
  readonly origin: CsvOrigin | null;
  /** What the text shows that may surprise its sender. */
  readonly warnings: readonly string[];
}

/** The outcome of an upload: `rowsInFile = appended + rejected`. */
export interface Receipt {
  readonly rowsInFile: number;
  readonly appended: number;
  readonly rejected: number;
  readonly tableRowsBefore: number;
  readonly tableRowsAfter: number;
  /** How the file was read. */
  readonly columns: readonly ParsedColumn[];
  /** The columns of the table whose type the upload changed. */
  readonly widened: readonly WidenedColumn[];
  /** Sentences about what the client should check. */
  readonly warnings: readonly string[];
  /** Sentences about what is usual, was declared, or holds since earlier files. */
  readonly notes: readonly string[];
  /** Of a dry run: the first rows. */
  readonly sample?: readonly SampleRow[];
}

/** A receipt before its rows are part of the table. */
export type UnfinishedReceipt = Omit<Receipt, 'tableRowsBefore' | 'tableRowsAfter' | 'widened'>;

/** Why an upload failed: the members of a problem document. */
export interface UploadError {
  readonly code: string;
  readonly detail: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface Upload {
  readonly id: UploadId;
  readonly customerId: CustomerId;
  readonly status: UploadStatus;
  readonly filename: string | null;
  readonly options: UploadOptions;
  /** The API key that it was sent with; null for the administrator, and if the server ran without keys. */
  readonly keyId: string | null;
  /** The value of the Idempotency-Key header. */
  readonly idempotencyKey: string | null;
  /** The failed upload whose bytes these are. */
  readonly retryOf: UploadId | null;
  /** The upload whose rejected rows this one contains, corrected. */
  readonly corrects: UploadId | null;
  /** The latest acknowledged upload that corrects this one. */
  readonly correctedBy: UploadId | null;
  /** An earlier upload of the customer with the same bytes, as of when this one was received. */
  readonly duplicateOf: EarlierUpload | null;
  readonly file: ReceivedFile | null;
  readonly receipt: Receipt | null;
  readonly error: UploadError | null;
  /** Of the committed rows, in the time column. */
  readonly earliestAt: Micros | null;
  readonly latestAt: Micros | null;
  /** How many attempts at loading it were started. */
  readonly attempts: number;
  /** How many of them ended because the engine died. */
  readonly engineDeaths: number;
  readonly createdAt: Date;
  readonly receivedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Until when the bytes of a failed upload are kept for a retry; null if they are not kept. */
  readonly retryUntil: Date | null;
}

/** An upload whose bytes are arriving: nothing else has happened to it. */
export function newUpload(
  upload: Pick<
    Upload,
    'id' | 'customerId' | 'filename' | 'options' | 'keyId' | 'idempotencyKey' | 'retryOf' | 'corrects' | 'createdAt'
  >,
): Upload {
  return {
    ...upload,
    status: 'receiving',
    correctedBy: null,
    duplicateOf: null,
    file: null,
    receipt: null,
    error: null,
    earliestAt: null,
    latestAt: null,
    attempts: 0,
    engineDeaths: 0,
    receivedAt: null,
    finishedAt: null,
    retryUntil: null,
  };
}

/** Whether a file was acknowledged. If not, nothing is changed. */
export type Received =
  | { readonly kind: 'received'; readonly upload: Upload }
  /** An earlier upload with the same API key has the same idempotency key. */
  | { readonly kind: 'key_used'; readonly earlier: Upload }
  /** An earlier upload has the same bytes, and duplicates are to be rejected. */
  | { readonly kind: 'duplicate'; readonly earlier: Upload }
  | { readonly kind: 'queue_full'; readonly limit: QueueLimit }
  /** It is a retry of an upload whose bytes are not kept any more, or that another retry has replaced. */
  | { readonly kind: 'not_retryable' };

/** Identifies a reception of an upload. A write with one that is not the current one changes nothing. */
export interface Reception {
  readonly uploadId: UploadId;
  /** The instance that receives the file; null if an earlier version of Thena did not record it. */
  readonly receiver: string | null;
}

export interface ResumableReception {
  /** If true, the upload is acknowledged only if the resumable file with its ID still exists: clients may cancel it at any process. */
  readonly isResumable?: boolean;
}

export interface Uploads {
  /**
   * Registers an upload whose bytes are arriving, with the status `receiving`. Creates the customer if it does not exist and
   * may appear.
   *
   * @throws Problem customer_busy if the customer is being deleted; customer_not_found if it does not exist and may not appear
   */
  createUpload(upload: {
    readonly id: UploadId;
    readonly customerId: CustomerId;
    /** The instance that receives it. */
    readonly receiver: string;
    readonly filename: string | null;
    readonly options: UploadOptions;
    /** Default: null. */
    readonly keyId?: string | null;
    readonly idempotencyKey: string | null;
    readonly retryOf: UploadId | null;
    /** Another upload of the same customer. */
    readonly corrects?: UploadId | null;
    /** Default: true. */
    readonly customerMayAppear?: boolean;
  }): Promise<Upload>;
  /**
   * Acknowledges an upload: `receiving` becomes `received`, or `ingesting` if the upload is claimed already. The queue is counted
   * in the same transaction, so that concurrent uploads cannot exceed the limits. A retry ends the retention of what it retries: of
   * two at the same time, one is acknowledged.
   *
   * @param limits default: none
   * @throws Problem upload_not_found, also if another instance receives it now; upload_cancelled; key_invalid if the key that it was sent
   *   with was revoked, or deleted with its customer, in the meantime
   */
  markReceived(reception: Reception & ResumableReception, file: ReceivedFile, limits?: QueueLimits): Promise<Received>;
  /** Finds the latest upload of a customer whose bytes have this SHA-256, as `duplicateOf` names it. */
  findSameBytes(customerId: CustomerId, sha256: string): Promise<EarlierUpload | null>;
  /**
   * Finds the acknowledged upload of a customer with this idempotency key.
   *
   * @param sender the API key of the sender: others have idempotency keys of their own
   */
  findByIdempotencyKey(customerId: CustomerId, sender: string | null, key: string): Promise<Upload | null>;
  /** Removes an upload that was refused before it was acknowledged, and its customer if that appeared only for it. */
  deleteUpload(reception: Reception): Promise<void>;
  findUpload(id: UploadId): Promise<Upload | null>;
  /** Newest first. */
  listUploads(customerId: CustomerId, page: PageRequest): Promise<Page<Upload>>;
  /** Uploads of a customer that have not ended, oldest first. */
  unfinishedUploads(customerId: CustomerId): Promise<readonly UploadId[]>;
  /** Uploads of all customers with one of these statuses, oldest first. */
  uploadsInStatus(statuses: readonly UploadStatus[]): Promise<readonly Upload[]>;
  /**
   * Requests that an upload be cancelled. One in the queue is cancelled at once; the process that receives or loads another one has to
   * obey. One that is claimed later (`isCancelRequested`) is ended instead of loaded.
   *
   * @returns `ended` if it has ended, or does not exist
   */
  requestCancel(id: UploadId): Promise<'cancelled' | 'requested' | 'ended'>;
  /** Cancels an upload that no attempt holds. @returns false if an attempt holds it, or it has ended */
  cancelUpload(id: UploadId): Promise<boolean>;
  /**
   * Undoes a complete upload. In one transaction it becomes `undone`, its tag uncommitted, and the state of the table is that of
   * the remaining uploads. If none remain, the next upload creates the table again.
   *
   * @returns null if it is not complete, or was a dry run
   */
  undoUpload(id: UploadId): Promise<Upload | null>;
  /** Failed uploads whose bytes are kept: those whose retention has expired, or all. */
  keptFailures(which: 'expired' | 'all'): Promise<readonly UploadId[]>;
  /** Records that the bytes of a failed upload are no longer kept. */
  endRetention(id: UploadId): Promise<void>;
}
