import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CsvSegment } from '../../csv/segment.ts';
import { hasSpaceFor } from '../../disk-space.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import { newUploadId, type UploadId } from '../../model/ids.ts';
import { abortable } from './abortable.ts';
import type { Bucket } from './bucket.ts';
import { bytesMissing } from './bytes-missing.ts';
import { orDiskFull } from './or-disk-full.ts';
import type { SegmentCache } from './segment-cache.ts';
import { SegmentWriter } from './segment-writer.ts';
import {
  folderNameOf,
  folderNamesOf,
  type LeftSegments,
  parseFolderName,
  type Spool,
  type SpooledUpload,
} from './spool.ts';

const PREFIX = 'spool/';

export interface BucketSpoolDeps {
  readonly bucket: Bucket;
  /** Of this node only, and empty at its start: a copy is trusted because this process has made it. */
  readonly directory: string;
  readonly cache: SegmentCache;
  readonly instance: string;
  readonly reserveBytes: number;
}

/**
 * Segments in a bucket. They are written to this node's disk, from which they can be loaded at once, and to the bucket as they are
 * completed. A node that loads what another has received fetches copies.
 */
export class BucketSpool implements Spool {
  readonly #deps: BucketSpoolDeps;
  /** Folders that this process has begun, and that may be in the bucket. */
  readonly #begun = new Set<string>();
  /** Folders that could not be removed. */
  readonly #leftovers = new Set<string>();

  constructor(deps: BucketSpoolDeps) {
    this.#deps = deps;
  }

  async create(uploadId: UploadId): Promise<SegmentWriter> {
    const { bucket, cache, directory, instance } = this.#deps;
    const name = folderNameOf(uploadId, instance);
    const folder = join(directory, name);
    const begun = this.#begun;
    // What is there is of an earlier reception of the same resumable file, which the catalog has not acknowledged.
    await orDiskFull(() => rm(folder, { recursive: true, force: true }).then(() => mkdir(folder)));
    begun.add(name);
    const release = cache.use(name);
    failpoint('spool_folder_created');
    return new SegmentWriter(folder, {
      async keep(path) {
        cache.add(name, (await stat(path)).size);
        await bucket.put(`${PREFIX}${name}/${basename(path)}`, path);
        // It may have been forgotten in the meantime.
        begun.add(name);
      },
      async keepNames() {
        release();
        await cache.shrink();
      },
    });
  }

  locate(segments: readonly CsvSegment[]): readonly CsvSegment[] {
    return segments.map((segment) => ({ ...segment, path: join(this.#deps.directory, segment.path) }));
  }

  async hold(upload: SpooledUpload, signal?: AbortSignal): Promise<() => void> {
    const { cache, instance } = this.#deps;
    const releases = [...folderNamesOf(upload, instance)].map((name) => cache.use(name));
    const release = (): void => {
      for (const each of releases) each();
    };
    try {
      await this.#fetch(upload.file?.segments ?? [], signal ?? new AbortController().signal);
      return release;
    } catch (error) {
      release();
      throw error;
    }
  }

  adopt(path: string, file: string): Promise<void> {
    return this.#deps.bucket.put(PREFIX + path, file);
  }

  async remove(upload: SpooledUpload): Promise<void> {
    const { cache, instance } = this.#deps;
    for (const name of folderNamesOf(upload, instance)) {
      // Nothing of its own is in the bucket if another process has received it.
      const isOwn = name === folderNameOf(upload.id, instance);
      if (isOwn && !this.#begun.has(name)) await cache.remove(name);
      else await this.#remove(name);
    }
  }

  async removeLeftovers(): Promise<void> {
    for (const name of this.#leftovers) await this.#remove(name);
  }

  async removeUnneeded(isNeeded: (left: LeftSegments) => Promise<boolean>): Promise<void> {
    const begun = [...this.#begun];
    const names = await this.#deps.bucket.folders(PREFIX);
    // What other nodes have loaded and removed is forgotten, or it would grow as long as the process runs.
    for (const name of new Set(begun).difference(new Set(names))) this.#begun.delete(name);
    for (const name of names) {
      const left = parseFolderName(name);
      if (left !== null && !(await isNeeded(left))) await this.#remove(name);
    }
  }

  async #remove(name: string): Promise<void> {
    const { bucket, cache } = this.#deps;
    this.#leftovers.add(name);
    await cache.remove(name);
    await bucket.removeAll(`${PREFIX}${name}/`);
    this.#begun.delete(name);
    this.#leftovers.delete(name);
  }

  /** Copies the segments that this node does not have. */
  async #fetch(segments: readonly CsvSegment[], signal: AbortSignal): Promise<void> {
    const { cache, directory, reserveBytes } = this.#deps;
    const missing: CsvSegment[] = [];
    for (const segment of segments) if (!(await isFile(join(directory, segment.path)))) missing.push(segment);
    if (missing.length === 0) return;
    const bytes = missing.reduce((sum, segment) => sum + segment.bytes, 0);
    if (!(await hasSpaceFor(directory, bytes, reserveBytes))) {
      await cache.shrink(0);
      if (!(await hasSpaceFor(directory, bytes, reserveBytes))) {
        throw new Problem('disk_full', `The node has no room for the ${bytes} bytes of the upload.`);
      }
    }
    for (const segment of missing) await abortable(this.#copy(segment, signal), signal);
    await cache.shrink();
  }

  async #copy({ path, bytes }: CsvSegment, signal: AbortSignal): Promise<void> {
    const { bucket, cache, directory } = this.#deps;
    const target = join(directory, path);
    // Another load of the same upload may be fetching it, too.
    const incomplete = `${target}.${newUploadId()}`;
    try {
      await orDiskFull(async () => {
        await mkdir(dirname(target), { recursive: true });
        await pipeline(bucket.read(PREFIX + path), createWriteStream(incomplete), { signal });
      });
      if ((await stat(incomplete)).size !== bytes) throw bytesMissing(`the segment ${path}`);
      await rename(incomplete, target);
      cache.add(dirname(path), bytes);
    } finally {
      await rm(incomplete, { force: true });
    }
  }
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
