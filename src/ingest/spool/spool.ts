import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CsvSegment } from '../../csv/segment.ts';
import { syncFolder } from '../../durable.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { orDiskFull } from './or-disk-full.ts';
import { SegmentWriter } from './segment-writer.ts';

/** Keeps the bytes of uploads on disk until they are rows: a folder for each upload, a file for each segment. */
export class Spool {
  readonly directory: string;
  /** Uploads whose folders could not be removed. */
  readonly #leftovers = new Set<UploadId>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Creates the folder of an upload. What is written into it is durable once `SegmentWriter.end` has returned. */
  async create(uploadId: UploadId): Promise<SegmentWriter> {
    const folder = this.#folder(uploadId);
    await orDiskFull(async () => {
      await mkdir(folder);
      await syncFolder(this.directory);
    });
    failpoint('spool_folder_created');
    return new SegmentWriter(folder);
  }

  /** Turns segments as the catalog stores them, with a file name, into ones with the absolute path in this data folder. */
  locate(uploadId: UploadId, segments: readonly CsvSegment[]): readonly CsvSegment[] {
    return segments.map((segment) => ({ ...segment, path: join(this.#folder(uploadId), segment.path) }));
  }

  /** Removes the folder of an upload, if it has one. If that fails, `removeLeftovers` tries again. */
  async remove(uploadId: UploadId): Promise<void> {
    this.#leftovers.add(uploadId);
    await rm(this.#folder(uploadId), { recursive: true, force: true });
    this.#leftovers.delete(uploadId);
  }

  /** Removes the folders that `remove` failed to remove. */
  async removeLeftovers(): Promise<void> {
    for (const uploadId of this.#leftovers) await this.remove(uploadId);
  }

  /** @returns the names of all folders in the spool */
  async folders(): Promise<readonly string[]> {
    return readdir(this.directory);
  }

  #folder(uploadId: UploadId): string {
    return join(this.directory, uploadId);
  }
}
