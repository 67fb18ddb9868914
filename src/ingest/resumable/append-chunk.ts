import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Catalog } from '../../catalog/catalog.ts';
import type { FileChunk } from '../../catalog/resumable-file.ts';
import { writeAt } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import type { UploadId } from '../../model/ids.ts';
import type { ChunkFiles } from '../spool/chunk-files.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { orDiskFull } from '../spool/or-disk-full.ts';

/** So many bytes of one request are made durable together: what is lost if the process dies, besides what a checksum is for. */
const CHUNK_BYTES = 32 * 1024 * 1024;

/** The checksum of the bytes of a request, as its client computed it. */
export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256';
  readonly digest: Buffer;
}

/** The bytes of one request. */
export interface SentBytes {
  readonly bytes: AsyncIterable<Buffer>;
  readonly checksum: Checksum | null;
}

export interface AppendDeps {
  readonly chunks: ChunkFiles;
  readonly catalog: Pick<Catalog, 'appendChunks'>;
  readonly reserve: DiskReserve;
}

/**
 * Appends the bytes of a request to a file and makes them durable. If they break off, those that arrived are kept, unless they have a
 * checksum, which was not verified then. If another request has appended to the file in the meantime, on whatever node, nothing of
 * this one counts.
 *
 * @param offset the size of the file
 * @returns the new size of the file
 * @throws Problem checksum_mismatch, upload_offset_conflict, disk_full, spool_unavailable
 */
export async function appendChunk(
  deps: AppendDeps,
  id: UploadId,
  offset: number,
  { bytes, checksum }: SentBytes,
): Promise<number> {
  const allowance = deps.reserve.allowance();
  const hash = checksum && createHash(checksum.algorithm);
  const writer = new ChunkWriter(deps, id, offset);
  try {
    for await (const buffer of bytes) {
      await allowance.take(buffer.length);
      hash?.update(buffer);
      await writer.write(buffer);
      if (!checksum && writer.isFull) await writer.commit();
    }
    if (checksum && !hash?.digest().equals(checksum.digest)) {
      const detail = `The bytes from ${offset} to ${writer.end} do not match the ${checksum.algorithm} checksum.`;
      throw new Problem('checksum_mismatch', detail);
    }
    await writer.commit();
    return writer.end;
  } catch (failure) {
    // Nothing else can be done for them, and the client asks for the offset anyway.
    if (!checksum) await writer.commit().catch(() => undefined);
    throw failure;
  } finally {
    allowance.release();
    // Nothing, if all was committed. What cannot be removed now is removed with the file.
    await writer.discard().catch(() => undefined);
  }
}

/** Writes bytes as chunks, which count once they are committed. */
class ChunkWriter {
  readonly #deps: AppendDeps;
  readonly #id: UploadId;
  /** Bytes of the file that are committed, as far as this request knows. */
  #committed: number;
  /** Written, and not committed. */
  #written: FileChunk[] = [];
  #current: { readonly name: string; readonly file: FileHandle; bytes: number } | null = null;
  #end: number;

  constructor(deps: AppendDeps, id: UploadId, offset: number) {
    this.#deps = deps;
    this.#id = id;
    this.#committed = offset;
    this.#end = offset;
  }

  /** Where the next byte belongs in the file. */
  get end(): number {
    return this.#end;
  }

  get isFull(): boolean {
    return this.#end - this.#committed >= CHUNK_BYTES;
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    if ((this.#current?.bytes ?? 0) >= CHUNK_BYTES) await this.#closeCurrent();
    this.#current ??= await this.#begin();
    const current = this.#current;
    await orDiskFull(() => writeAt(current.file, bytes, current.bytes));
    current.bytes += bytes.length;
    this.#end += bytes.length;
  }

  /** Makes all that was written durable, and part of the file. @throws Problem upload_offset_conflict */
  async commit(): Promise<void> {
    await this.#closeCurrent();
    // Once only: after a failed fsync the bytes may never reach the disk, even if a later fsync succeeds.
    const chunks = this.#written;
    this.#written = [];
    if (chunks.length === 0) return;
    try {
      for (const { name } of chunks) await this.#deps.chunks.store(this.#id, name);
    } catch (failure) {
      await this.#remove(chunks).catch(() => undefined);
      throw failure;
    }
    // If this throws, they may be part of the file nevertheless.
    if (!(await this.#deps.catalog.appendChunks(this.#id, this.#committed, chunks))) {
      await this.#remove(chunks);
      const detail = `Another request has changed upload ${this.#id}, so that it no longer ends at ${this.#committed}.`;
      throw new Problem('upload_offset_conflict', detail);
    }
    this.#committed = this.#end;
  }

  /** Removes what was written and not committed. */
  async discard(): Promise<void> {
    const current = this.#current;
    this.#current = null;
    await current?.file.close();
    const chunks = current ? [...this.#written, current] : this.#written;
    this.#written = [];
    await this.#remove(chunks);
  }

  async #remove(chunks: readonly Pick<FileChunk, 'name'>[]): Promise<void> {
    for (const { name } of chunks) await this.#deps.chunks.discard(this.#id, name);
  }

  async #begin() {
    const name = randomUUID();
    const path = await this.#deps.chunks.draft(this.#id, name, this.#end);
    return { name, file: await orDiskFull(() => open(path, 'wx')), bytes: 0 };
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    this.#current = null;
    try {
      // After a failed write there may be more bytes than those that were counted.
      await current.file.truncate(current.bytes);
    } finally {
      await current.file.close();
    }
    this.#written.push({ name: current.name, bytes: current.bytes });
  }
}
