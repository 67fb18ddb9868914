/**
 * Why a table store or a CSV reader failed, in terms that do not depend on the adapter:
 *
 * - `rows_do_not_fit`: a record cannot become a row. `CsvReader.findRejectedRows` finds which.
 * - `no_space`: the disk is full.
 * - `out_of_memory`: the operation exceeded the memory limit, or the process that ran it did and was killed (`memoryExcess`).
 * - `io_error`: the disk failed at a read, a write or an fsync.
 * - `crashed`: the process that ran the operation died, and is restarted.
 * - `unavailable`: the store could not be reached, or is being closed.
 * - `cancelled`: the caller aborted the operation, or its deadline passed.
 * - `failed`: anything else.
 */
export type StorageFailureReason =
  | 'rows_do_not_fit'
  | 'no_space'
  | 'out_of_memory'
  | 'io_error'
  | 'crashed'
  | 'unavailable'
  | 'cancelled'
  | 'failed';

/**
 * How far an operation is to blame for the memory of the process that ran it: it took hardly any of it, others that were running
 * may have taken it as well, or nothing else can have taken it.
 */
export type MemoryBlame = 'none' | 'possible' | 'certain';

/** The process that ran an operation exceeded its memory limit. */
export interface MemoryExcess {
  readonly bytes: number;
  readonly limitBytes: number;
  readonly blame: MemoryBlame;
}

/** The circumstances of a failure, which decide who is to blame for it. */
export interface StorageFailureFacts {
  /** The store stopped with this failure and is restarted. Always so for `crashed`, `unavailable` and with `memoryExcess`. */
  readonly storeStopped?: boolean;
  /** Thena killed the store's process, because another operation did not react to its cancellation. */
  readonly wasKilled?: boolean;
  /** A query, or another read of a table, was running at the same time and may have caused the crash. */
  readonly alongsideQuery?: boolean;
  /** The store's process was killed because it exceeded its memory limit. */
  readonly memoryExcess?: MemoryExcess | null;
  /**
   * Of a store on several servers that could not be reached: those that do not respond, such as `ClickHouse shard 2 of 2`, in terms that a client
   * may see. Empty if all respond again.
   */
  readonly missing?: readonly string[];
}

/** The only error that table stores and CSV readers fail with. The message is the adapter's, for the log only. */
export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';
  readonly reason: StorageFailureReason;
  readonly storeStopped: boolean;
  readonly wasKilled: boolean;
  readonly alongsideQuery: boolean;
  readonly memoryExcess: MemoryExcess | null;
  /** Null: the store has no servers, or it is not known. */
  readonly missing: readonly string[] | null;

  constructor(reason: StorageFailureReason, message: string, facts: StorageFailureFacts = {}, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.memoryExcess = facts.memoryExcess ?? null;
    this.storeStopped =
      facts.storeStopped ?? (reason === 'crashed' || reason === 'unavailable' || this.memoryExcess !== null);
    this.missing = facts.missing ?? null;
    this.wasKilled = facts.wasKilled ?? false;
    this.alongsideQuery = facts.alongsideQuery ?? false;
  }
}

/** Whether an error means that the caller aborted the operation, or that its deadline passed. */
export function isCancelled(error: unknown): boolean {
  return error instanceof StorageFailure && error.reason === 'cancelled';
}

/** Whether an operation, and nothing else, made the process that ran it exceed its memory limit. */
export function exceededMemory(error: unknown): boolean {
  return error instanceof StorageFailure && error.memoryExcess?.blame === 'certain';
}
