import type { FileOptions } from '../src/api/upload-options.ts';

/** What can be uploaded: a file, or bytes from any stream, such as one of Node. */
export type UploadSource = Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export interface UploadProgress {
  /** Bytes that the server has. */
  readonly sent: number;
  /** Null for a stream. */
  readonly total: number | null;
  /** Why no bytes are sent at the moment, and when they will be again; null: they are being sent. */
  readonly interruption: { readonly error: Error; readonly retryInMs: number } | null;
}

export interface UploadFileOptions {
  /** Default: the name of the `File`. */
  readonly filename?: string | undefined;
  /** The options of the upload, as in the API. */
  readonly options?: FileOptions;
  /**
   * Whether the file is sent so that it can be continued after an interruption, however long. A stream cannot. Default: for files
   * of more than 8 MiB; those are loaded after their last byte, others while they are being sent.
   */
  readonly resumable?: boolean;
  /** ID of a resumable upload of the same file, which is continued. */
  readonly resume?: string | undefined;
  /** Called with the ID of a new resumable upload, to be kept for `resume`. */
  readonly onCreated?: ((id: string) => void) | undefined;
  readonly onProgress?: ((progress: UploadProgress) => void) | undefined;
  /** How long to retry without any progress before giving up. Default: 10 minutes. */
  readonly giveUpAfterMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export const GIVE_UP_AFTER_MS = 600_000;
