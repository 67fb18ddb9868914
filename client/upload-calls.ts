import type { PageQuery } from '../src/api/pages.ts';
import type { RejectedRecord, RejectedRowPage } from '../src/api/rejected-rows.ts';
import type { RetryQuery } from '../src/api/upload-options.ts';
import type { Upload, UploadPage } from '../src/api/uploads.ts';
import type { Connection } from './connection.ts';
import { followUpload, waitForEnd } from './follow-upload.ts';
import { itemsOf } from './pages.ts';
import type { EventOptions } from './server-events.ts';
import { uploadFile } from './upload-file.ts';
import type { UploadFileOptions, UploadSource } from './upload-file-options.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
}

export interface UploadCalls {
  /**
   * Sends a file.
   *
   * @returns the upload once the server has acknowledged it; {@link waitForEnd} waits for its rows
   */
  upload(customerId: string, source: UploadSource, options?: UploadFileOptions): Promise<Upload>;
  /** The upload whenever it has changed, until it has ended. Connects again after an interruption. */
  followUpload(id: string, options?: EventOptions): AsyncGenerator<Upload, void>;
  /** @returns the upload, which is then complete, failed, cancelled or undone */
  waitForEnd(id: string, options?: EventOptions & { readonly onChange?: (upload: Upload) => void }): Promise<Upload>;
  getUpload(id: string, options?: Options): Promise<Upload>;
  /** All uploads of a customer, newest first. */
  uploads(customerId: string, options?: Options): AsyncGenerator<Upload, void>;
  /** One page of them. */
  listUploads(customerId: string, query?: PageQuery, options?: Options): Promise<UploadPage>;
  /** Cancels an upload that has not ended, and undoes a complete one. */
  cancelOrUndo(id: string): Promise<Upload>;
  /** Processes the stored bytes of a failed upload again, as a new upload. */
  retryUpload(id: string, options?: RetryQuery): Promise<Upload>;
  rejectedRows(id: string, options?: Options): AsyncGenerator<RejectedRecord, void>;
  /** One page of them. */
  listRejectedRows(id: string, query?: PageQuery, options?: Options): Promise<RejectedRowPage>;
  /** The rejected rows as a CSV file with the columns of the upload, to be corrected. */
  rejectedRowsCsv(id: string, options?: Options): Promise<ReadableStream<Uint8Array>>;
}

export function uploadCalls(connection: Connection): UploadCalls {
  const path = (id: string): string => `/api/v1/uploads/${encodeURIComponent(id)}`;
  const listUploads: UploadCalls['listUploads'] = (customerId, query = {}, { signal } = {}) =>
    connection.json(`/api/v1/customers/${encodeURIComponent(customerId)}/uploads`, { query, signal });
  const listRejectedRows: UploadCalls['listRejectedRows'] = (id, query = {}, { signal } = {}) =>
    connection.json(`${path(id)}/rejects`, { query, signal });
  return {
    upload: (customerId, source, options) => uploadFile(connection, customerId, source, options),
    followUpload: (id, options) => followUpload(connection, id, options),
    waitForEnd: (id, options) => waitForEnd(connection, id, options),
    getUpload: (id, { signal } = {}) => connection.json(path(id), { signal }),
    uploads: (customerId, options) =>
      itemsOf((cursor) => listUploads(customerId, { limit: 200, ...(cursor !== null && { cursor }) }, options)),
    listUploads,
    cancelOrUndo: (id) => connection.json(path(id), { method: 'DELETE' }),
    retryUpload: (id, options = {}) => connection.json(`${path(id)}/retry`, { method: 'POST', query: options }),
    rejectedRows: (id, options) =>
      itemsOf((cursor) => listRejectedRows(id, { limit: 200, ...(cursor !== null && { cursor }) }, options)),
    listRejectedRows,
    async rejectedRowsCsv(id, { signal } = {}) {
      const { body } = await connection.send(`${path(id)}/rejects.csv`, { signal });
      return body ?? new Blob().stream();
    },
  };
}
