/** What waits: in the queue, or taken from it and not loaded yet. */
export interface Waiting {
  /** Uploads of one customer, and their bytes in the spool. */
  readonly uploads: number;
  readonly bytes: number;
  /** The bytes of all customers. */
  readonly bytesInAll: number;
}

/** How much may wait. */
export interface QueueLimits {
  /** Uploads of one customer. */
  readonly maxWaitingUploads: number;
  /** Bytes of all customers; of one customer half of them. */
  readonly maxWaitingBytes: number;
}

export type QueueLimit = 'uploads' | 'bytes' | 'bytes_in_all';

/**
 * Which limit an upload of so many bytes would pass. However large it is, it may come where nothing else waits.
 *
 * @returns null where it may come
 */
export function limitPassed(waiting: Waiting, bytes: number, limits: QueueLimits): QueueLimit | null {
  if (waiting.uploads >= limits.maxWaitingUploads) return 'uploads';
  if (waiting.bytes > 0 && waiting.bytes + bytes > limits.maxWaitingBytes / 2) return 'bytes';
  if (waiting.bytesInAll > 0 && waiting.bytesInAll + bytes > limits.maxWaitingBytes) return 'bytes_in_all';
  return null;
}
