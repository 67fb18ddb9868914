import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { GivenOptions } from '../../catalog/upload-options.ts';
import { placeDurably, syncFolder } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { type CustomerId, parseUploadId, type UploadId } from '../../model/ids.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { orDiskFull } from '../spool/or-disk-full.ts';
import { appendChunk, type Chunk, markerOf, recoverChunk } from './append-chunk.ts';

/** A file that arrives in several requests. Its upload will have the same id. */
export interface ResumableFile extends Omit<CustomerAccess, symbol> {
  readonly id: UploadId;
  /** The size of the whole file in bytes, as the client has announced it. */
  readonly length: number;
  readonly filename: string | null;
  readonly options: GivenOptions;
  readonly corrects: UploadId | null;
  /** The client's metadata, which the protocol returns to it unchanged. */
  readonly metadata: Readonly<Record<string, string | null>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** How much of a file has arrived. */
export interface Received {
  readonly bytes: number;
  /** When the last of them arrived, or the file was created. */
  readonly changedAt: Date;
}

export interface ResumableFilesDeps {
  readonly directory: string;
  readonly reserve: DiskReserve;
  /** How many unfinished files a customer may have. */
  readonly maxFilesOfCustomer: number;
}

/**
 * Resumable files on disk, until they are uploads: `<id>.part` holds the bytes, `<id>.json` describes them; a file exists if both
 * do. Everything is durable before the client learns of it.
 */
export class ResumableFiles {
  readonly #deps: ResumableFilesDeps;
  /** All files in the folder, which no other process writes to. */
  readonly #customers = new Map<UploadId, CustomerId>();
  /** The streams whose bytes are being appended. */
  readonly #incoming = new Map<UploadId, Readable>();

  constructor(deps: ResumableFilesDeps) {
    this.#deps = deps;
  }

  /** Finds the files in the folder and removes what a crash left incomplete. Call it before anything else. */
  async open(): Promise<void> {
    const { directory } = this.#deps;
    await mkdir(directory, { recursive: true });
    const names = new Set(await readdir(directory));
    for (const name of names) {
      const id = parseUploadId(name.slice(0, name.indexOf('.')));
      const isNeeded = id && names.has(`${id}.json`) && names.has(`${id}.part`) && !name.endsWith('.tmp');
      if (!isNeeded) await rm(join(directory, name), { force: true });
      else if (name.endsWith('.json')) this.#customers.set(id, (await this.#readDescription(id)).customerId);
    }
    for (const id of this.ids) await recoverChunk(this.#partPath(id));
  }

  get ids(): readonly UploadId[] {
    return [...this.#customers.keys()];
  }

  idsOf(customerId: CustomerId): readonly UploadId[] {
    return this.ids.filter((id) => this.#customers.get(id) === customerId);
  }

  /** @throws Problem disk_full, too_many_uploads */
  async create(file: ResumableFile): Promise<void> {
    const { reserve, maxFilesOfCustomer } = this.#deps;
    const { id, customerId } = file;
    const others = this.idsOf(customerId).length;
    if (others >= maxFilesOfCustomer) {
      const detail = `Customer ${customerId} has ${others} unfinished resumable uploads; the maximum is ${maxFilesOfCustomer}.`;
      throw new Problem('too_many_uploads', detail);
    }
    // Counted before the first await, since other files are created at the same time.
    this.#customers.set(id, customerId);
    try {
      // A whole file is on disk twice for a while: as it arrived, and cut into segments.
      await reserve.requireRoomFor(2 * file.length);
      await orDiskFull(async () => {
        await placeDurably(this.#partPath(id), '');
        await placeDurably(this.#descriptionPath(id), JSON.stringify(file));
      });
      failpoint('resumable_created');
    } catch (error) {
      // If removing it fails, too, the client still gets the first failure.
      await this.remove(id).catch(() => undefined);
      throw error;
    }
  }

  async find(id: UploadId): Promise<ResumableFile | null> {
    return this.#customers.has(id) ? nullIfRemoved(this.#readDescription(id)) : null;
  }

  async received(id: UploadId): Promise<Received | null> {
    const part = this.#customers.has(id) ? await nullIfRemoved(stat(this.#partPath(id))) : null;
    return part && { bytes: part.size, changedAt: part.mtime };
  }

  /** Whether bytes are being appended to it now. */
  isIncoming(id: UploadId): boolean {
    return this.#incoming.has(id);
  }

  /**
   * @param source where the bytes of the chunk come from: destroyed if the file is removed in the meantime
   * @returns the new size of the file
   * @throws Problem as `appendChunk` does, and upload_cancelled
   */
  async append(id: UploadId, offset: number, chunk: Chunk, source: Readable): Promise<number> {
    this.#incoming.set(id, source);
    try {
      return await appendChunk(this.#partPath(id), offset, chunk, this.#deps.reserve);
    } finally {
      this.#incoming.delete(id);
    }
  }

  read(id: UploadId): Readable {
    return createReadStream(this.#partPath(id));
  }

  /** Ends the request that is sending bytes of the file with the problem upload_cancelled. */
  interrupt(id: UploadId): void {
    this.#incoming.get(id)?.destroy(new Problem('upload_cancelled', `Upload ${id} was cancelled.`));
  }

  /** Removes the file; a client that is sending bytes of it gets the problem upload_cancelled. @returns whether it existed */
  async remove(id: UploadId): Promise<boolean> {
    const existed = this.#customers.delete(id);
    this.interrupt(id);
    const paths = [this.#descriptionPath(id), markerOf(this.#partPath(id)), this.#partPath(id)];
    for (const path of paths) await rm(path, { force: true });
    // Without it, the file could be back after a power cut.
    if (existed) await syncFolder(this.#deps.directory);
    return existed;
  }

  async #readDescription(id: UploadId): Promise<ResumableFile> {
    const file: ResumableFile = JSON.parse(await readFile(this.#descriptionPath(id), 'utf8'));
    return file;
  }

  #partPath(id: UploadId): string {
    return join(this.#deps.directory, `${id}.part`);
  }

  #descriptionPath(id: UploadId): string {
    return join(this.#deps.directory, `${id}.json`);
  }
}

/** @returns null if the file was removed in the meantime */
async function nullIfRemoved<T>(read: Promise<T>): Promise<T | null> {
  return read.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
