import type { Readable } from 'node:stream';
import type { Upload, UploadOptions } from '../catalog/catalog.ts';
import type { Grant } from '../table/grant.ts';
import type { UploadId } from '../table/ids.ts';

/** One file on its way in. */
export interface Reception {
  readonly uploadId: UploadId;
  /** Names the customer: before the bytes where it is known (loading then runs beside receiving), or after them. */
  bind(grant: Grant): Promise<void>;
  /**
   * Takes all bytes of the file, with back-pressure, and keeps them in the spool.
   *
   * @throws Problem where the bytes show that the file cannot be a table
   */
  write(bytes: Readable): Promise<void>;
  /**
   * Makes the file durable and registers it: from here on it ends as rows or as a failure that says why.
   *
   * @throws Problem where the file cannot be appended to the customer's table
   */
  acknowledge(): Promise<Upload>;
  /** Forgets the file, unless it was acknowledged. Safe to call at any time, more than once. */
  abandon(): Promise<void>;
}

export interface Ingest {
  open(file: {
    readonly filename: string | null;
    readonly contentEncoding: string | null;
    readonly options: UploadOptions;
  }): Reception;
  /** @returns the upload when it has ended, or as it stands after `timeoutMs` */
  waitUntilEnded(grant: Grant, uploadId: UploadId, timeoutMs: number): Promise<Upload>;
}
