import type { ColumnUse } from '../model/column-uses.ts';
import type { CustomerId, TableId, UploadId } from '../model/ids.ts';
import type { TableColumn } from '../model/parsed-columns.ts';
import type { Customer } from './customer.ts';
import type { QueueUsage } from './queue-limits.ts';
import type { Micros } from './table-state.ts';
import type { UnfinishedReceipt, Upload, UploadError } from './upload.ts';

/** What an attempt writes: rows with this tag, into this table. */
export interface AttemptTarget {
  /** New for every attempt, from 1, unique within the customer. */
  readonly tag: number;
  /** The customer's table, or a new one that the attempt creates: no other attempt has ever had it. */
  readonly tableId: TableId;
}

/** An upload to load, and its customer. The claim is held until the lease expires, unless it is renewed. */
export interface Claim extends AttemptTarget {
  readonly upload: Upload;
  readonly customer: Customer;
  /** Whether the upload must not be loaded, but ended as cancelled. */
  readonly isCancelRequested: boolean;
}

/** Identifies an attempt at an upload. A write with a lease that was taken over by another attempt changes nothing. */
export interface Lease {
  readonly uploadId: UploadId;
  readonly tag: number;
  /** The process that holds the lease. */
  readonly owner: string;
}

export interface CommitUpload extends Lease {
  /** The columns of the table, with what is settled now, as if no other upload had changed them in the meantime. */
  readonly columns: readonly TableColumn[];
  /** What the values of the upload mean for them. The types of the columns follow from the uses of all committed uploads. */
  readonly uses: readonly ColumnUse[];
  readonly timeColumn: string | null;
  readonly rows: number;
  readonly dryRun: boolean;
  readonly firstRowAt: Micros | null;
  readonly earliestAt: Micros | null;
  readonly latestAt: Micros | null;
  /** The catalog adds the other members in the transaction. */
  readonly receipt: UnfinishedReceipt;
}

/** How an attempt without rows ends for its upload. */
export type AttemptOutcome =
  /** Back to the queue, or to `receiving` if its bytes are still arriving. */
  | { readonly kind: 'requeued'; readonly engineDied: boolean }
  | { readonly kind: 'cancelled' }
  /** `keepBytesMs`: how long the bytes are kept for a retry. */
  | { readonly kind: 'failed'; readonly error: UploadError; readonly keepBytesMs: number };

/** The uploads as a queue: status, lease and attempt of each. */
export interface UploadQueue {
  /** @param customerId null: only `bytesInAll` is counted */
  queueUsage(customerId: CustomerId | null): Promise<QueueUsage>;
  /**
   * Claims the next upload: `received`, or `ingesting` with an expired lease, of a customer none of whose uploads has a valid
   * lease. Takes customers in turn (the one served least recently), and the uploads of one customer in order.
   */
  claimNext(claim: { readonly owner: string; readonly leaseMs: number }): Promise<Claim | null>;
  /**
   * Claims an upload that is still `receiving`, so that it can be loaded while its bytes arrive. Its status stays the same.
   *
   * @returns null if another upload of the customer is in the queue or has a valid lease
   */
  claimReceiving(claim: {
    readonly uploadId: UploadId;
    readonly owner: string;
    readonly leaseMs: number;
  }): Promise<Claim | null>;
  /** Restarts an attempt within its claim. @returns its new target; the old tag stays uncommitted */
  retag(lease: Lease): Promise<AttemptTarget | 'lost'>;
  /** @returns false if the lease was lost */
  renewLease(lease: Lease & { readonly leaseMs: number }): Promise<boolean>;
  /**
   * Makes the rows of an attempt visible. In one transaction the upload becomes `complete`, its tag is committed, the state and
   * version of the table are updated, and the lease ends. If the customer has no table, the one of the attempt becomes its table.
   * A dry run only becomes `complete`: its tag stays uncommitted, and the table is unchanged.
   *
   * @returns `lost` if the lease was lost or the upload is not received yet: nothing is changed
   */
  commitUpload(commit: CommitUpload): Promise<Upload | 'lost'>;
  /**
   * Ends an attempt without rows. Its tag stays uncommitted until it is forgotten.
   *
   * @returns false if the lease was lost: nothing is changed
   */
  endAttempt(attempt: Lease & { readonly outcome: AttemptOutcome }): Promise<boolean>;
}
