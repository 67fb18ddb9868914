import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../../durable.ts';
import { parseUploadId, type UploadId } from '../../model/ids.ts';
import { orDiskFull } from './or-disk-full.ts';
import {
  REJECT_FILE_KINDS,
  type RejectFileKind,
  type RejectFiles,
  rejectFileName,
  type StoredFile,
} from './reject-files.ts';

const DRAFT = '.draft';

/** Files of rejected rows in a folder: of this node's disk, or one that all nodes share. */
export class FolderRejectFiles implements RejectFiles {
  readonly #directory: string;
  readonly #instance: string;

  /** @param instance the process: its drafts are its own */
  constructor(directory: string, instance: string) {
    this.#directory = directory;
    this.#instance = instance;
  }

  draft(uploadId: UploadId): Readonly<Record<RejectFileKind, string>> {
    const path = (kind: RejectFileKind): string =>
      join(this.#directory, `${rejectFileName(uploadId, kind)}.${this.#instance}${DRAFT}`);
    return { list: path('list'), csv: path('csv') };
  }

  async publish(uploadId: UploadId): Promise<void> {
    const draft = this.draft(uploadId);
    await orDiskFull(async () => {
      for (const kind of REJECT_FILE_KINDS) await rename(draft[kind], this.#path(uploadId, kind));
      await syncFolder(this.#directory);
    });
  }

  async open(uploadId: UploadId, kind: RejectFileKind): Promise<StoredFile | null> {
    const path = this.#path(uploadId, kind);
    const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return file && storedFile(file, (await file.stat()).size);
  }

  async discardDraft(uploadId: UploadId): Promise<void> {
    for (const path of Object.values(this.draft(uploadId))) await rm(path, { force: true });
  }

  async remove(uploadId: UploadId): Promise<void> {
    await this.discardDraft(uploadId);
    for (const kind of REJECT_FILE_KINDS) await rm(this.#path(uploadId, kind), { force: true });
  }

  async removeUnneeded(
    exists: (uploadId: UploadId) => Promise<boolean>,
    isRunning: (instance: string) => Promise<boolean>,
  ): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const [id = '', , instance = ''] = name.split('.');
      const uploadId = parseUploadId(id);
      if (uploadId === null) continue;
      const isNeeded = name.endsWith(DRAFT) ? await isRunning(instance) : await exists(uploadId);
      if (!isNeeded) await rm(join(this.#directory, name), { force: true });
    }
  }

  #path(uploadId: UploadId, kind: RejectFileKind): string {
    return join(this.#directory, rejectFileName(uploadId, kind));
  }
}

function storedFile(file: FileHandle, bytes: number): StoredFile {
  return {
    bytes,
    async read(at, length) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    },
    stream: () => file.createReadStream(),
    close: () => file.close(),
  };
}
