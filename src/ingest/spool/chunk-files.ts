import type { UploadId } from '../../model/ids.ts';

/**
 * The bytes of resumable files: a file is a sequence of chunks, each of which is written once, and counts once the catalog lists it.
 * All nodes can read them.
 */
export interface ChunkFiles {
  /** Begins a chunk. @param start its offset in the file. @returns the path to write it to */
  draft(fileId: UploadId, name: string, start: number): Promise<string>;
  /** Makes a chunk durable that has been written and closed. @throws Problem spool_unavailable, disk_full */
  store(fileId: UploadId, name: string): Promise<void>;
  /** Removes a chunk that does not count. */
  discard(fileId: UploadId, name: string): Promise<void>;
  /** @throws Problem upload_bytes_missing, spool_unavailable */
  read(fileId: UploadId, name: string): AsyncIterable<Buffer>;
  /** Removes all chunks of a file. */
  remove(fileId: UploadId): Promise<void>;
  /** Removes the chunks of files that no longer exist. @param exists called after all that is there has been listed */
  removeUnneeded(exists: (fileId: UploadId) => Promise<boolean>): Promise<void>;
}
