import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import type { Bucket } from './bucket.ts';
import {
  REJECT_FILE_KINDS,
  type RejectFileKind,
  type RejectFiles,
  rejectFileName,
  type StoredFile,
} from './reject-files.ts';

const PREFIX = 'rejects/';

/** Files of rejected rows in a bucket. They are written on this node's disk first, and read from the bucket. */
export class BucketRejectFiles implements RejectFiles {
  readonly #bucket: Bucket;
  readonly #directory: string;

  /** @param directory of this node only, and empty at its start */
  constructor(bucket: Bucket, directory: string) {
    this.#bucket = bucket;
    this.#directory = directory;
  }

  draft(uploadId: UploadId): Readonly<Record<RejectFileKind, string>> {
    const path = (kind: RejectFileKind): string => join(this.#directory, rejectFileName(uploadId, kind));
    return { list: path('list'), csv: path('csv') };
  }

  async publish(uploadId: UploadId): Promise<void> {
    const draft = this.draft(uploadId);
    for (const kind of REJECT_FILE_KINDS) await this.#bucket.put(keyOf(uploadId, kind), draft[kind]);
    await this.discardDraft(uploadId);
  }

  async open(uploadId: UploadId, kind: RejectFileKind): Promise<StoredFile | null> {
    const key = keyOf(uploadId, kind);
    const bytes = await this.#bucket.sizeOf(key);
    if (bytes === null) return null;
    return {
      bytes,
      read: async (at, length) => {
        if (at >= bytes) return Buffer.alloc(0);
        const to = Math.min(at + length, bytes) - 1;
        return Buffer.concat(await Array.fromAsync(this.#bucket.read(key, { from: at, to })));
      },
      stream: () => Readable.from(this.#bucket.read(key), { objectMode: false }),
      close: async () => undefined,
    };
  }

  async discardDraft(uploadId: UploadId): Promise<void> {
    for (const path of Object.values(this.draft(uploadId))) await rm(path, { force: true });
  }

  async remove(uploadId: UploadId): Promise<void> {
    await this.discardDraft(uploadId);
    await this.#bucket.remove(REJECT_FILE_KINDS.map((kind) => keyOf(uploadId, kind)));
  }

  async removeUnneeded(exists: (uploadId: UploadId) => Promise<boolean>): Promise<void> {
    for (const key of await this.#bucket.keys(PREFIX)) {
      const uploadId = parseUploadId(key.slice(PREFIX.length).split('.')[0]);
      if (uploadId !== null && !(await exists(uploadId))) await this.#bucket.remove([key]);
    }
  }
}

function keyOf(uploadId: UploadId, kind: RejectFileKind): string {
  return PREFIX + rejectFileName(uploadId, kind);
}
