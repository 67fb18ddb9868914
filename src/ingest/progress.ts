import type { Upload } from '../catalog/upload.ts';
import type { UploadId } from '../model/ids.ts';

/** How far an upload is that has not ended. */
export interface Progress {
  /** Bytes of the file so far, after decompression. */
  readonly bytesReceived: number;
  /** Rows read into the table so far, by the attempt that is running. */
  readonly rowsRead: number;
  /** How much of the loading is done, from 0 to 1; null while the whole is not known. */
  readonly share: number | null;
}

/** What is under way in this process, in memory alone: an upload is in it from its first byte until it ends. */
export class ProgressBoard {
  readonly #bytes = new Map<UploadId, number>();
  readonly #rows = new Map<UploadId, number>();

  received(uploadId: UploadId, bytes: number): void {
    this.#bytes.set(uploadId, bytes);
  }

  /** Tells it as of now, also where that is less: an attempt may start over. */
  read(uploadId: UploadId, rows: number): void {
    this.#rows.set(uploadId, rows);
  }

  forget(uploadId: UploadId): void {
    this.#bytes.delete(uploadId);
    this.#rows.delete(uploadId);
  }

  /** @returns null where the upload has ended */
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
