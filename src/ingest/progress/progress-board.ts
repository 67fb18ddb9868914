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

/** What is counted of an upload. */
export type Counts = Pick<Progress, 'bytesReceived' | 'rowsRead'>;

/** Resolves when the upload ends, the time is up, or the signal aborts. */
interface EndOfUpload {
  readonly promise: Promise<void>;
  /** Must be called, whether the promise has resolved or not. */
  stop(): void;
}

/**
 * The progress of the uploads that this process receives and loads, and the callers that wait for the ends of any. Held in memory
 * only: after a restart an upload is on it again with its next byte or row.
 */
export class ProgressBoard {
  readonly #bytes = new Map<UploadId, number>();
  readonly #rows = new Map<UploadId, number>();
  readonly #waiting = new Map<UploadId, Set<() => void>>();
  readonly #onChange: (uploadId: UploadId, counts: Counts) => void;

  constructor(onChange: (uploadId: UploadId, counts: Counts) => void = () => undefined) {
    this.#onChange = onChange;
  }

  received(uploadId: UploadId, bytes: number): void {
    if (this.#bytes.get(uploadId) === bytes) return;
    this.#bytes.set(uploadId, bytes);
    this.#changed(uploadId);
  }

  /** The number may fall: an attempt can start over. */
  read(uploadId: UploadId, rows: number): void {
    this.#rows.set(uploadId, Math.floor(rows));
    this.#changed(uploadId);
  }

  /** This process receives no more bytes of the upload: they are on disk, and another one may go on. */
  stopReceiving(uploadId: UploadId): void {
    this.#bytes.delete(uploadId);
  }

  /** The attempt of this process is over: another one may make the next. */
  stopReading(uploadId: UploadId): void {
    this.#rows.delete(uploadId);
  }

  /** The upload has ended, however and wherever it did: forgets its progress and wakes the callers that wait for it. */
  ended(uploadId: UploadId): void {
    this.stopReceiving(uploadId);
    this.stopReading(uploadId);
    this.wake(uploadId);
  }

  /** Wakes the callers that wait for an upload, which may have ended. */
  wake(uploadId: UploadId): void {
    for (const wake of this.#waiting.get(uploadId) ?? []) wake();
  }

  /** Starts to wait at once, so that an end between this call and a look at the catalog is not missed. */
  waitForEnd(uploadId: UploadId, timeoutMs: number, signal?: AbortSignal): EndOfUpload {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakers = this.#waiting.get(uploadId) ?? new Set();
    this.#waiting.set(uploadId, wakers.add(resolve));
    const timer = setTimeout(resolve, timeoutMs);
    const abort = (): void => resolve();
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) resolve();
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      wakers.delete(resolve);
      if (wakers.size === 0) this.#waiting.delete(uploadId);
    };
    return { promise, stop };
  }

  /** Uploads for whose ends somebody waits. */
  get awaited(): readonly UploadId[] {
    return [...this.#waiting.keys()];
  }

  /** @returns null if this process neither receives nor loads the upload */
  countsOf(uploadId: UploadId): Counts | null {
    const bytes = this.#bytes.get(uploadId);
    const rows = this.#rows.get(uploadId);
    if (bytes === undefined && rows === undefined) return null;
    return { bytesReceived: bytes ?? 0, rowsRead: rows ?? 0 };
  }

  #changed(uploadId: UploadId): void {
    const counts = this.countsOf(uploadId);
    if (counts) this.#onChange(uploadId, counts);
  }
}

/** @returns null if the upload has ended */
export function progressOf({ file, finishedAt }: Upload, { bytesReceived, rowsRead }: Counts): Progress | null {
  if (finishedAt !== null) return null;
  const share = file ? Math.min(1, rowsRead / file.records) : null;
  return { bytesReceived: file?.bytes ?? bytesReceived, rowsRead, share };
}
