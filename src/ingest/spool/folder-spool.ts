import { copyFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CsvSegment } from '../../csv/segment.ts';
import { syncFolder } from '../../durable.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { bytesMissing } from './bytes-missing.ts';
import { orDiskFull } from './or-disk-full.ts';
import { SegmentWriter } from './segment-writer.ts';
import {
  folderNameOf,
  folderNamesOf,
  type LeftSegments,
  parseFolderName,
  type Spool,
  type SpooledUpload,
} from './spool.ts';
import { spoolAway } from './spool-away.ts';

/** Segments in a folder: of this node's disk, or one that all nodes share. They are read where they are written. */
export class FolderSpool implements Spool {
  readonly #directory: string;
  readonly #instance: string;
  /** Folders that could not be removed. */
  readonly #leftovers = new Set<string>();

  /** @param instance the process */
  constructor(directory: string, instance: string) {
    this.#directory = directory;
    this.#instance = instance;
  }

  async create(uploadId: UploadId): Promise<SegmentWriter> {
    const folder = join(this.#directory, folderNameOf(uploadId, this.#instance));
    try {
      await orDiskFull(async () => {
        // What is there is of an earlier reception of the same resumable file, which the catalog has not acknowledged.
        await mkdir(folder).catch(() => rm(folder, { recursive: true, force: true }).then(() => mkdir(folder)));
        await syncFolder(this.#directory);
      });
    } catch (error) {
      await this.#refuseIfAway(error);
      throw error;
    }
    failpoint('spool_folder_created');
    return new SegmentWriter(folder, { keep: (_, file) => file.sync(), keepNames: () => syncFolder(folder) });
  }

  locate(segments: readonly CsvSegment[]): readonly CsvSegment[] {
    return segments.map((segment) => ({ ...segment, path: join(this.#directory, segment.path) }));
  }

  async hold({ file }: SpooledUpload): Promise<() => void> {
    for (const { path, bytes } of file?.segments ?? []) {
      const found = await stat(join(this.#directory, path)).catch(async (error: NodeJS.ErrnoException) => {
        await this.#refuseIfAway(error);
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      if (found?.size !== bytes) throw bytesMissing(`the segment ${path}`);
    }
    return () => undefined;
  }

  async adopt(path: string, file: string): Promise<void> {
    const target = join(this.#directory, path);
    await orDiskFull(async () => {
      await mkdir(dirname(target), { recursive: true });
      await copyFile(file, target);
      const copy = await open(target, 'r+');
      await copy.sync().finally(() => copy.close());
      await syncFolder(dirname(target));
      await syncFolder(this.#directory);
    });
  }

  async remove(upload: SpooledUpload): Promise<void> {
    for (const name of folderNamesOf(upload, this.#instance)) await this.#remove(name);
  }

  async removeLeftovers(): Promise<void> {
    for (const name of this.#leftovers) await this.#remove(name);
  }

  async removeUnneeded(isNeeded: (left: LeftSegments) => Promise<boolean>): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      const left = parseFolderName(name);
      if (left !== null && !(await isNeeded(left))) await this.#remove(name);
    }
  }

  /** What is in a shared folder is not missing if it is the folder that is away. @throws Problem spool_unavailable */
  async #refuseIfAway(cause: unknown): Promise<void> {
    const isThere = await stat(this.#directory).then(
      () => true,
      () => false,
    );
    if (!isThere) throw spoolAway(cause);
  }

  async #remove(name: string): Promise<void> {
    this.#leftovers.add(name);
    await rm(join(this.#directory, name), { recursive: true, force: true });
    this.#leftovers.delete(name);
  }
}
