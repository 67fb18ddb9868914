import type { Readable } from 'node:stream';
import type { Upload } from '../../catalog/upload.ts';
import type { UploadId } from '../../model/ids.ts';

/** Each upload with rejected rows has a list with the reasons, as lines of JSON, and the rows as CSV. */
export type RejectFileKind = 'list' | 'csv';

/** A file that does not change any more. */
export interface StoredFile {
  readonly bytes: number;
  /** @returns as many bytes as there are, at most `length` */
  read(at: number, length: number): Promise<Buffer>;
  /** Reads all of it, and closes it. */
  stream(): Readable;
  /** Must be called, unless it is streamed. */
  close(): Promise<void>;
}

/** The files of rejected rows. All nodes can read them. */
export interface RejectFiles {
  /** Paths on the local disk, or in the shared folder, where this process writes the files of an upload, and fsyncs them. */
  draft(uploadId: UploadId): Readonly<Record<RejectFileKind, string>>;
  /** Replaces the files of an upload by the draft, and makes them durable. @throws Problem spool_unavailable, disk_full */
  publish(uploadId: UploadId): Promise<void>;
  /** @returns null if the upload has no rejected rows */
  open(uploadId: UploadId, kind: RejectFileKind): Promise<StoredFile | null>;
  /** Removes the draft. */
  discardDraft(uploadId: UploadId): Promise<void>;
  /** Removes the files of an upload and the draft of this process, if there are any. */
  remove(uploadId: UploadId): Promise<void>;
  /** Removes the files of all uploads that no longer exist, and the drafts of processes that no longer run. */
  removeUnneeded(
    exists: (uploadId: UploadId) => Promise<boolean>,
    isRunning: (instance: string) => Promise<boolean>,
  ): Promise<void>;
}

export const REJECT_FILE_KINDS: readonly RejectFileKind[] = ['list', 'csv'];

export function rejectFileName(uploadId: UploadId, kind: RejectFileKind): string {
  return `${uploadId}.${kind === 'list' ? 'ndjson' : 'csv'}`;
}

/** Whether an upload that has ended may have such files. Most have none, and in a bucket each question costs requests. */
export function mayHaveRejectFiles({ status, error, receipt }: Pick<Upload, 'status' | 'error' | 'receipt'>): boolean {
  return status === 'cancelled' || error !== null || (receipt?.rejected ?? 0) > 0;
}
