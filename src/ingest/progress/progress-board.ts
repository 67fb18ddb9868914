import type { Upload } from '../../catalog/upload.ts';
import type { UploadId } from '../../model/ids.ts';

/** How far an upload is that has not ended. */
export interface Progress {
  /** Bytes of the file received so far, after decompression. */
  readonly bytesReceived: number;
  /** Rows that the running attempt has read into the table so far. */
  readonly rowsRead: number;
  /** The share of the rows that are loaded, from 0 to 1; null until the whole file has been received. */
  readonly share: number | null;
}

/** Resolves when the upload ends or the time is up. */
interface EndOfUpload {
  readonly promise: Promise<void>;
  /** Must be called, whether the promise has resolved or not. */
  stop(): void;
}

/**
 * The progress of uploads that have not ended, and the callers that wait for their ends. Held in memory only: after a restart
 * an upload is on it again with its next byte or row.
 */
export class ProgressBoard {
  readonly #bytes = new Map<UploadId, number>();
  readonly #rows = new Map<UploadId, number>();
  readonly #waiting = new Map<UploadId, Set<() => void>>();
  readonly #onChange: (uploadId: UploadId) => void;

  constructor(onChange: (uploadId: UploadId) => void = () => undefined) {
    this.#onChange = onChange;
  }

  received(uploadId: UploadId, bytes: number): void {
    if (this.#bytes.get(uploadId) === bytes) return;
    this.#bytes.set(uploadId, bytes);
    this.#onChange(uploadId);
  }

  /** The number may fall: an attempt can start over. */
  read(uploadId: UploadId, rows: number): void {
    this.#rows.set(uploadId, rows);
    this.#onChange(uploadId);
  }

  /** The upload has ended, however it did: forgets its progress and wakes the callers that wait for it. */
  ended(uploadId: UploadId): void {
    this.#bytes.delete(uploadId);
    this.#rows.delete(uploadId);
    for (const wake of this.#waiting.get(uploadId) ?? []) wake();
    this.#onChange(uploadId);
  }

  /** Starts to wait at once, so that an end between this call and a look at the catalog is not missed. */
  waitForEnd(uploadId: UploadId, timeoutMs: number): EndOfUpload {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakers = this.#waiting.get(uploadId) ?? new Set();
    this.#waiting.set(uploadId, wakers.add(resolve));
    const timer = setTimeout(resolve, timeoutMs);
    const stop = (): void => {
      clearTimeout(timer);
      wakers.delete(resolve);
      if (wakers.size === 0) this.#waiting.delete(uploadId);
    };
    return { promise, stop };
  }

  /** @returns null if the upload has ended */
  of({ id, file, finishedAt }: Upload): Progress | null {
    if (finishedAt !== null) return null;
    const rowsRead = Math.floor(this.#rows.get(id) ?? 0);
    return {
      bytesReceived: file?.bytes ?? this.#bytes.get(id) ?? 0,
      rowsRead,
      share: file ? Math.min(1, rowsRead / file.records) : null,
    };
  }
}
