import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFile, syncFolder } from '../../durable.ts';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import { bytesMissing } from './bytes-missing.ts';
import type { ChunkFiles } from './chunk-files.ts';
import { orDiskFull } from './or-disk-full.ts';

/** Chunks in a folder: of this node's disk, or one that all nodes share. Each resumable file has a folder in it. */
export class FolderChunkFiles implements ChunkFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async draft(fileId: UploadId, name: string, start: number): Promise<string> {
    await orDiskFull(async () => {
      await mkdir(this.#folder(fileId), { recursive: true });
      // A file that has a chunk already has a durable folder.
      if (start === 0) await syncFolder(this.#directory);
    });
    return join(this.#folder(fileId), name);
  }

  store(fileId: UploadId, name: string): Promise<void> {
    return orDiskFull(async () => {
      await syncFile(join(this.#folder(fileId), name));
      await syncFolder(this.#folder(fileId));
    });
  }

  async discard(fileId: UploadId, name: string): Promise<void> {
    await rm(join(this.#folder(fileId), name), { force: true });
  }

  async *read(fileId: UploadId, name: string): AsyncGenerator<Buffer, void> {
    try {
      yield* createReadStream(join(this.#folder(fileId), name)) as AsyncIterable<Buffer>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw bytesMissing(`the chunk ${name} of file ${fileId}`, error);
    }
  }

  async remove(fileId: UploadId): Promise<void> {
    await rm(this.#folder(fileId), { recursive: true, force: true });
  }

  async removeUnneeded(exists: (fileId: UploadId) => Promise<boolean>): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const fileId = parseUploadId(name);
      if (fileId !== null && !(await exists(fileId))) await this.remove(fileId);
    }
  }

  #folder(fileId: UploadId): string {
    return join(this.#directory, fileId);
  }
}
