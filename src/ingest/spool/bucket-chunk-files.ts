import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import type { Bucket } from './bucket.ts';
import type { ChunkFiles } from './chunk-files.ts';

const PREFIX = 'resumable/';

/** Chunks in a bucket, an object each. They are written on this node's disk first. */
export class BucketChunkFiles implements ChunkFiles {
  readonly #bucket: Bucket;
  readonly #directory: string;

  /** @param directory of this node only, and empty at its start */
  constructor(bucket: Bucket, directory: string) {
    this.#bucket = bucket;
    this.#directory = directory;
  }

  async draft(fileId: UploadId, name: string): Promise<string> {
    return this.#draft(fileId, name);
  }

  async store(fileId: UploadId, name: string): Promise<void> {
    const path = this.#draft(fileId, name);
    await this.#bucket.put(keyOf(fileId, name), path);
    await rm(path);
  }

  async discard(fileId: UploadId, name: string): Promise<void> {
    await rm(this.#draft(fileId, name), { force: true });
    await this.#bucket.remove([keyOf(fileId, name)]);
  }

  read(fileId: UploadId, name: string): AsyncIterable<Buffer> {
    return this.#bucket.read(keyOf(fileId, name));
  }

  remove(fileId: UploadId): Promise<void> {
    return this.#bucket.removeAll(keyOf(fileId, ''));
  }

  async removeUnneeded(exists: (fileId: UploadId) => Promise<boolean>): Promise<void> {
    for (const name of await this.#bucket.folders(PREFIX)) {
      const fileId = parseUploadId(name);
      if (fileId !== null && !(await exists(fileId))) await this.remove(fileId);
    }
  }

  #draft(fileId: UploadId, name: string): string {
    return join(this.#directory, `${fileId}.${name}`);
  }
}

function keyOf(fileId: UploadId, name: string): string {
  return `${PREFIX}${fileId}/${name}`;
}
