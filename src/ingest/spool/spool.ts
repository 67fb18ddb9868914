import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CsvSegment } from '../../csv/segment.ts';
import { syncFolder } from '../../durable.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { SegmentWriter } from './segment-writer.ts';
import { storing } from './storing.ts';

/** Where bytes lie until they are rows: a folder for each upload, a file for each segment. */
export class Spool {
  readonly directory: string;
  /** Folders that could not be removed. */
  readonly #left = new Set<UploadId>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Begins an upload's folder. What is written into it lasts once `SegmentWriter.end` has returned. */
  async begin(uploadId: UploadId): Promise<SegmentWriter> {
    const folder = this.#folder(uploadId);
    await storing(async () => {
      await mkdir(folder);
      await syncFolder(this.directory);
    });
    failpoint('folder_created');
    return new SegmentWriter(folder);
  }

  /** Segments as the catalog keeps them, by file name, with the paths they have in this data folder. */
  locate(uploadId: UploadId, segments: readonly CsvSegment[]): readonly CsvSegment[] {
    return segments.map((segment) => ({ ...segment, path: join(this.#folder(uploadId), segment.path) }));
  }

  /** Removes an upload's folder. Succeeds where there is none; where it fails, `removeLeft` tries again. */
  async remove(uploadId: UploadId): Promise<void> {
    this.#left.add(uploadId);
    await rm(this.#folder(uploadId), { recursive: true, force: true });
    this.#left.delete(uploadId);
  }

  /** Removes what `remove` could not. */
  async removeLeft(): Promise<void> {
    for (const uploadId of this.#left) await this.remove(uploadId);
  }

  /** Names of all folders there are. */
  async folders(): Promise<readonly string[]> {
    return readdir(this.directory);
  }

  #folder(uploadId: UploadId): string {
    return join(this.directory, uploadId);
  }
}
