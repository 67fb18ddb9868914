import { setTimeout as sleep } from 'node:timers/promises';
import type { Upload } from '../../catalog/upload.ts';
import type { UploadId } from '../../model/ids.ts';
import { FileReception, type FileReceptionDeps } from './file-reception.ts';
import type { FileSource, IncomingFile } from './incoming-file.ts';

/** How long `close` waits until the files that were being received are cleaned up. */
const CLOSE_MS = 2_000;

/** The files that are being received by this process. */
export class Receptions {
  readonly #deps: FileReceptionDeps;
  readonly #open = new Set<FileReception>();
  readonly #ends = new Set<Promise<unknown>>();

  constructor(deps: FileReceptionDeps) {
    this.#deps = deps;
  }

  /**
   * Receives one file. It is acknowledged when this returns; if it throws, nothing of the file is kept.
   *
   * @returns the upload; if its idempotency key was used for the same file before, that earlier upload
   * @throws Problem whatever a file can be refused with
   */
  async receive(file: IncomingFile, source: FileSource): Promise<Upload> {
    const reception = new FileReception(this.#deps, file, source);
    const end = reception.receive();
    this.#open.add(reception);
    this.#ends.add(end);
    try {
      return await end;
    } finally {
      this.#open.delete(reception);
      this.#ends.delete(end);
    }
  }

  /** Uploads whose files are being received. */
  get ids(): readonly UploadId[] {
    return [...this.#open].flatMap(({ ids }) => ids);
  }

  /** Cancels a file that is being received. @returns false if there is none, or it was acknowledged before */
  async cancel(uploadId: UploadId): Promise<boolean> {
    return (await [...this.#open].find(({ ids }) => ids.includes(uploadId))?.cancel()) ?? false;
  }

  /** Waits for the files whose clients have been disconnected: they are cleaned up while there is a catalog. */
  async close(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#ends), sleep(CLOSE_MS, undefined, { ref: false })]);
  }
}
