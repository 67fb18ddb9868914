/** Acknowledged uploads that are not loaded yet. */
export interface QueueUsage {
  /** Uploads of one customer, and their bytes in the spool. */
  readonly uploads: number;
  readonly bytes: number;
  /** The bytes of all customers. */
  readonly bytesInAll: number;
}

export interface QueueLimits {
  /** Uploads of one customer. */
  readonly maxWaitingUploads: number;
  /** Bytes of all customers. One customer may use half of them. */
  readonly maxWaitingBytes: number;
}

export type QueueLimit = 'uploads' | 'bytes' | 'bytes_in_all';

/** @returns the limit that another upload of `bytes` would exceed, or null. An upload of any size fits an empty queue. */
export function exceededLimit(usage: QueueUsage, bytes: number, limits: QueueLimits): QueueLimit | null {
  if (usage.uploads >= limits.maxWaitingUploads) return 'uploads';
  if (usage.bytes > 0 && usage.bytes + bytes > limits.maxWaitingBytes / 2) return 'bytes';
  if (usage.bytesInAll > 0 && usage.bytesInAll + bytes > limits.maxWaitingBytes) return 'bytes_in_all';
  return null;
}
