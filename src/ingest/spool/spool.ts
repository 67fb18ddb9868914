import type { ReceivedFile } from '../../catalog/upload.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import type { ChunkFiles } from './chunk-files.ts';
import type { RejectFiles } from './reject-files.ts';
import type { SegmentWriter } from './segment-writer.ts';

/** An upload, as far as the spool needs to know it: its segments are named in `file` once it is acknowledged. */
export interface SpooledUpload {
  readonly id: UploadId;
  readonly file: Pick<ReceivedFile, 'segments'> | null;
}

/** Segments left by some process, for `removeUnneeded`. */
export interface LeftSegments {
  readonly uploadId: UploadId;
  /** The process that has received them. */
  readonly instance: string;
}

/**
 * Keeps the bytes of uploads until they are rows. The segments that a process receives are in a folder of their own,
 * `<upload>.<instance>`: so two processes that receive the same resumable file do not disturb each other, and what a dead process has
 * left is recognised.
 */
export interface Spool {
  /** Begins the segments of a file. They are durable, for all nodes, once `SegmentWriter.end` has returned. */
  create(uploadId: UploadId): Promise<SegmentWriter>;
  /** Turns segments as the catalog stores them into ones with absolute paths on this node, which `hold` makes readable. */
  locate(segments: readonly CsvSegment[]): readonly CsvSegment[];
  /**
   * Makes the segments of an upload readable on this node until they are released. Those of an upload without a file are the ones
   * that this process is receiving.
   *
   * @returns releases them; only its first call counts
   * @throws Problem upload_bytes_missing, spool_unavailable, disk_full; StorageFailure cancelled
   */
  hold(upload: SpooledUpload, signal?: AbortSignal): Promise<() => void>;
  /** Makes a copy of a file, durable for all nodes, the segment of this name: for a move from another spool. */
  adopt(path: string, file: string): Promise<void>;
  /** Removes the segments of an upload, and what this process has received of it. If that fails, `removeLeftovers` tries again. */
  remove(upload: SpooledUpload): Promise<void>;
  /** Removes what `remove` failed to remove. */
  removeLeftovers(): Promise<void>;
  /** Removes the segments that nobody needs. @param isNeeded called after all that is there has been listed */
  removeUnneeded(isNeeded: (left: LeftSegments) => Promise<boolean>): Promise<void>;
}

/** Everything that is kept outside of the catalog and the tables: on a local disk, in a folder that nodes share, or in a bucket. */
export interface SpoolPlace {
  readonly spool: Spool;
  readonly rejectFiles: RejectFiles;
  readonly chunks: ChunkFiles;
  /** Local folders that hold segments while they are read. */
  readonly segmentFolders: readonly string[];
  /** A folder on the disk that fills up. */
  readonly diskFolder: string;
  /** Resolves if it responds. @throws Problem spool_unavailable; an error of the file system */
  ping(): Promise<void>;
  /** Identifies the spool of a cluster; null: it is new. @throws Problem spool_unavailable; an error of the file system */
  identity(): Promise<string | null>;
  /** Makes it durable, for all nodes. @throws Problem spool_unavailable; an error of the file system */
  writeIdentity(identity: string): Promise<void>;
  close(): void;
}

/** @returns the name of the folder of the segments that a process receives */
export function folderNameOf(uploadId: UploadId, instance: string): string {
  return `${uploadId}.${instance}`;
}

/** @returns null if it is no folder of segments */
export function parseFolderName(name: string): LeftSegments | null {
  const [id, instance = ''] = name.split('.');
  const uploadId = parseUploadId(id);
  return uploadId && { uploadId, instance };
}

/** The folders that have the segments of an upload. */
export function folderNamesOf({ id, file }: SpooledUpload, instance: string): ReadonlySet<string> {
  const named = (file?.segments ?? []).map(({ path }) => path.slice(0, path.indexOf('/')));
  return new Set([...named, folderNameOf(id, instance)]);
}
