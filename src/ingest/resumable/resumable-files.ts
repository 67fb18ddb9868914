import { Readable } from 'node:stream';
import type { Catalog } from '../../catalog/catalog.ts';
import type { PartialFile, ResumableFile, ResumableFiles as ResumableRecords } from '../../catalog/resumable-file.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import { bytesMissing } from '../spool/bytes-missing.ts';
import type { ChunkFiles } from '../spool/chunk-files.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { appendChunk, type SentBytes } from './append-chunk.ts';

export interface ResumableFilesDeps {
  readonly catalog: Pick<Catalog, keyof ResumableRecords | 'findUpload'>;
  readonly chunks: ChunkFiles;
  readonly reserve: DiskReserve;
  /** How many unfinished files a customer may have. */
  readonly maxFilesOfCustomer: number;
}

/**
 * Resumable files until they are uploads: the catalog describes them and lists their chunks, which are in the spool. So any node can
 * continue a file. Everything is durable before the client learns of it.
 */
export class ResumableFiles {
  readonly #deps: ResumableFilesDeps;
  /** The streams whose bytes are being appended by this process. */
  readonly #incoming = new Map<UploadId, Readable>();

  constructor(deps: ResumableFilesDeps) {
    this.#deps = deps;
  }

  idsOf(customerId: CustomerId): Promise<readonly UploadId[]> {
    return this.#deps.catalog.resumablesOf(customerId);
  }

  /** @throws Problem disk_full, too_many_uploads */
  async create(file: ResumableFile): Promise<void> {
    const { catalog, reserve, maxFilesOfCustomer } = this.#deps;
    // A whole file is on disk twice for a while: as it arrived, and cut into segments.
    await reserve.requireRoomFor(2 * file.length);
    await catalog.createResumable(file, maxFilesOfCustomer);
    failpoint('resumable_created');
  }

  find(id: UploadId): Promise<PartialFile | null> {
    return this.#deps.catalog.findResumable(id);
  }

  /** Files to which this process is appending bytes now. */
  get incoming(): readonly UploadId[] {
    return [...this.#incoming.keys()];
  }

  /** Whether this process is appending bytes to it now. */
  isIncoming(id: UploadId): boolean {
    return this.#incoming.has(id);
  }

  /**
   * @param source where the bytes come from: destroyed if the file is removed in the meantime
   * @returns the new size of the file
   * @throws Problem as `appendChunk` does, and upload_cancelled
   */
  async append(id: UploadId, offset: number, sent: SentBytes, source: Readable): Promise<number> {
    this.#incoming.set(id, source);
    try {
      return await appendChunk(this.#deps, id, offset, sent);
    } catch (error) {
      // Its bytes were removed while they were being made durable, perhaps by another process.
      if (await this.#isRemoved(id)) throw cancelledUpload(id, error);
      throw error;
    } finally {
      this.#incoming.delete(id);
    }
  }

  read(id: UploadId): Readable {
    return Readable.from(this.#bytesOf(id), { objectMode: false });
  }

  /** Ends the request that is sending bytes of the file with the problem upload_cancelled. */
  interrupt(id: UploadId): void {
    this.#incoming.get(id)?.destroy(cancelledUpload(id));
  }

  /** Removes the file; a client that is sending bytes of it gets the problem upload_cancelled. @returns whether it existed */
  async remove(id: UploadId): Promise<boolean> {
    const { catalog, chunks } = this.#deps;
    const existed = await catalog.removeResumable(id);
    this.interrupt(id);
    if (existed) await chunks.remove(id);
    return existed;
  }

  /** It does not exist any more, and has not become an upload either. */
  async #isRemoved(id: UploadId): Promise<boolean> {
    const { catalog } = this.#deps;
    return (await catalog.findResumable(id)) === null && (await catalog.findUpload(id)) === null;
  }

  async *#bytesOf(id: UploadId): AsyncGenerator<Buffer, void> {
    for (const { name, bytes } of await this.#deps.catalog.chunksOf(id)) {
      let read = 0;
      for await (const buffer of this.#deps.chunks.read(id, name)) {
        read += buffer.length;
        yield buffer;
      }
      if (read !== bytes) throw bytesMissing(`the chunk ${name} of file ${id}`);
    }
  }
}

export function cancelledUpload(id: UploadId, cause?: unknown): Problem {
  return new Problem('upload_cancelled', `Upload ${id} was cancelled.`, {}, { cause });
}
