import type { ColumnFormat } from '../model/columns.ts';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { QueueLimits, Waiting } from './queue-limits.ts';
import type { Receipt, Received, ReceivedFile, Upload, UploadError, UploadOptions, UploadStatus } from './upload.ts';

/** Microseconds since 1970-01-01T00:00:00Z. */
export type Micros = bigint;

/** A customer's table as of its latest commit. All of it is O(1) to read. */
export interface TableState {
  /** Formats are those of the first file: preferred where a later file could be read in two ways (3/4/2024). */
  readonly columns: readonly ColumnFormat[];
  readonly timeColumn: string | null;
  readonly rows: number;
  /** Rises by one with every commit or undo. */
  readonly version: number;
  /** Time of the first row that has one, in upload and line order. */
  readonly firstRowAt: Micros | null;
  readonly earliestAt: Micros | null;
  readonly latestAt: Micros | null;
}

export interface Customer {
  readonly id: CustomerId;
  readonly createdAt: Date;
  /** The time column asked for when the customer was created; null: chosen from the first file. */
  readonly declaredTimeColumn: string | null;
  /** Columns declared when the customer was created, with the formats to try first; null: taken from the first file. */
  readonly declaredColumns: readonly ColumnFormat[] | null;
  /** Null until the first upload is committed. */
  readonly table: TableState | null;
}

export type KeyRight = 'read' | 'upload';

export interface ApiKey {
  readonly id: string;
  readonly customerId: CustomerId;
  readonly label: string | null;
  readonly rights: readonly KeyRight[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

/** The right to load one upload, held until `leaseUntil` unless renewed. */
export interface Claim {
  readonly upload: Upload;
  readonly customer: Customer;
  /** Attempt tag: fresh for every claim, unique within the customer's table, from 1. */
  readonly tag: number;
}

export interface CommitUpload {
  readonly uploadId: UploadId;
  readonly tag: number;
  readonly owner: string;
  /** The table's columns: set by the first commit, unchanged by the later ones. */
  readonly columns: readonly ColumnFormat[];
  readonly timeColumn: string | null;
  readonly rows: number;
  readonly dryRun: boolean;
  readonly firstRowAt: Micros | null;
  readonly earliestAt: Micros | null;
  readonly latestAt: Micros | null;
  /** `tableRowsBefore` and `tableRowsAfter` are filled in by the catalog, inside the transaction. */
  readonly receipt: Omit<Receipt, 'tableRowsBefore' | 'tableRowsAfter'>;
}

/** What an attempt without rows means for its upload. */
export type AttemptOutcome =
  /** It goes back into the queue, or is simply released where its bytes are still arriving. */
  | { readonly kind: 'requeued'; readonly engineDied: boolean }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly error: UploadError; readonly retryUntil: Date | null };

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `after` to get the next page; null on the last one. */
  readonly nextCursor: string | null;
}

/** Rows of an attempt that no answer may count: in flight, failed or undone. */
export interface UncommittedTag {
  readonly customerId: CustomerId;
  readonly uploadId: UploadId;
  readonly tag: number;
}

/** What a query of a customer's rows has to know, all of one moment. */
export interface TableForReading {
  readonly table: TableState;
  /** Rows with these tags are no part of that state. */
  readonly uncommittedTags: readonly number[];
  /** Rows with a greater tag were begun after that moment: they are no part of that state either. */
  readonly lastTag: number;
  /** Rises when an upload is undone, whose rows may be deleted from then on: what is read meanwhile may lack them. */
  readonly generation: number;
  /** Tells this customer from an earlier one with the same id. */
  readonly createdAt: Date;
}

/**
 * Customers, keys and uploads. Every write is durable (fsync) when its promise resolves, and atomic.
 * The uploads are also the queue: status, lease, attempt.
 */
export interface Catalog {
  createCustomer(customer: {
    readonly id: CustomerId;
    readonly timeColumn: string | null;
    readonly columns: readonly ColumnFormat[] | null;
  }): Promise<Customer | 'exists'>;
  findCustomer(id: CustomerId): Promise<Customer | null>;
  /** By id, ascending. */
  listCustomers(page: { readonly after: string | null; readonly limit: number }): Promise<Page<Customer>>;
  /**
   * The first step of deleting a customer: from here on it takes no uploads and has no table. Asked for again, it is as if
   * asked for once.
   *
   * @returns its uploads that have not ended: where there are any, nothing is changed
   */
  beginDeletion(id: CustomerId): Promise<readonly UploadId[]>;
  /** Customers whose deletion was begun. */
  customersInDeletion(): Promise<readonly CustomerId[]>;
  /** The last step: removes the customer, its keys and its uploads. @returns false where there was none */
  deleteCustomer(id: CustomerId): Promise<boolean>;

  addKey(key: {
    readonly id: string;
    readonly customerId: CustomerId;
    readonly hash: string;
    readonly label: string | null;
    readonly rights: readonly KeyRight[];
  }): Promise<ApiKey>;
  /** @returns the key, unless it was revoked */
  findKeyByHash(hash: string): Promise<ApiKey | null>;
  listKeys(customerId: CustomerId): Promise<readonly ApiKey[]>;
  /** @returns false where the customer has no such key that is not yet revoked */
  revokeKey(customerId: CustomerId, keyId: string): Promise<boolean>;

  /**
   * Registers an upload whose bytes are arriving: status `receiving`. A customer that is new appears with it, where it may.
   *
   * @throws Problem customer_busy while it is being deleted; customer_not_found where it is gone and may not appear
   */
  createUpload(upload: {
    readonly id: UploadId;
    readonly customerId: CustomerId;
    readonly filename: string | null;
    readonly options: UploadOptions;
    readonly idempotencyKey: string | null;
    readonly retryOf: UploadId | null;
    /** Another upload of the same customer. */
    readonly corrects?: UploadId | null;
    /** Default: yes. */
    readonly customerMayAppear?: boolean;
  }): Promise<Upload>;
  /**
   * The acknowledgement: `receiving` becomes `received`, or `ingesting` where it is claimed already. Where the upload's
   * idempotency key was used, or its bytes came before and duplicates are to be rejected, the earlier upload is told instead.
   * What waits is counted in the same transaction, so that the limits hold however many come at once; none: no limits.
   *
   * @throws Problem upload_not_found, upload_cancelled
   */
  markReceived(id: UploadId, file: ReceivedFile, limits?: QueueLimits): Promise<Received>;
  /** The customer's acknowledged upload with this idempotency key. */
  findByIdempotencyKey(customerId: CustomerId, key: string): Promise<Upload | null>;
  /** Forgets an upload that was refused before it was acknowledged, and the customer that appeared with it alone. */
  deleteUpload(id: UploadId): Promise<void>;
  findUpload(id: UploadId): Promise<Upload | null>;
  /** Newest first. */
  listUploads(
    customerId: CustomerId,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<Page<Upload>>;
  /** @param customerId null: of nobody, so that only what waits in all is told */
  waiting(customerId: CustomerId | null): Promise<Waiting>;
  /** Ends an upload that no attempt holds. @returns false where one does, or where it has ended */
  cancelUpload(id: UploadId): Promise<boolean>;
  /**
   * Takes a complete upload back: in one transaction it is `undone`, its tag is uncommitted, and the table's state is what
   * the other uploads make it; with none of them left, the next upload makes the table anew.
   *
   * @returns null where it is not complete
   */
  undoUpload(id: UploadId): Promise<Upload | null>;
  /** Failed uploads whose bytes have been kept long enough, or all of them that are kept. */
  keptFailures(which: 'expired' | 'all'): Promise<readonly UploadId[]>;
  /** The bytes of a failed upload are kept no longer. */
  endRetention(id: UploadId): Promise<void>;
  /** Uploads of any customer in one of these states, oldest first. */
  uploadsInStatus(statuses: readonly UploadStatus[]): Promise<readonly Upload[]>;

  /**
   * Takes an upload that is `received`, or `ingesting` under a lease that ran out, and whose customer has no other upload
   * under a valid lease: the oldest one of the customer who was served longest ago. Gives it a fresh tag and a lease.
   */
  claimNext(claim: { readonly owner: string; readonly leaseMs: number }): Promise<Claim | null>;
  /**
   * Takes one upload that is still `receiving`, so that loading runs ahead of its last byte. Its status stays.
   *
   * @returns null where its customer has another upload under a valid lease, or one waiting
   */
  claimReceiving(claim: {
    readonly uploadId: UploadId;
    readonly owner: string;
    readonly leaseMs: number;
  }): Promise<Claim | null>;
  /** A fresh tag for an attempt that starts over within its claim; the old tag stays uncommitted. */
  retag(claim: { readonly uploadId: UploadId; readonly tag: number; readonly owner: string }): Promise<number | 'lost'>;
  /** @returns false where the lease is another's by now */
  renewLease(claim: {
    readonly uploadId: UploadId;
    readonly tag: number;
    readonly owner: string;
    readonly leaseMs: number;
  }): Promise<boolean>;
  /**
   * The one moment that makes rows visible: in one transaction the upload is `complete`, its tag is committed, the
   * table's state and version are brought up to date and the lease ends. Of a dry run only the upload is completed: its
   * tag stays uncommitted, and the table is as it was.
   *
   * @returns `lost` where the lease or the tag is another's by now, or the upload is not received: nothing is changed
   */
  commitUpload(commit: CommitUpload): Promise<Upload | 'lost'>;
  /** Ends an attempt without rows. The tag stays uncommitted until it is forgotten. */
  endAttempt(attempt: {
    readonly uploadId: UploadId;
    readonly tag: number;
    readonly owner: string;
    readonly outcome: AttemptOutcome;
  }): Promise<void>;
  /** Ends every lease: for a catalog that no other process shares, called once at start. */
  releaseLeases(): Promise<void>;

  /** Tags that every query of the customer's table leaves out. Nearly always empty. */
  uncommittedTags(customerId: CustomerId): Promise<readonly number[]>;
  /** The table's state and which rows make it up. @returns null where nothing is committed yet */
  tableForReading(customerId: CustomerId): Promise<TableForReading | null>;
  /** Uncommitted tags that no valid lease holds: their rows may be purged, so leases that ran out end here. */
  deadTags(): Promise<readonly UncommittedTag[]>;
  /** Called when the rows of these tags are gone. */
  forgetTags(customerId: CustomerId, tags: readonly number[]): Promise<void>;

  /** Answers when the catalog can be read. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
