import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { UploadOptions } from '../catalog/upload.ts';
import { Problem } from '../errors.ts';
import { type CustomerId, parseUploadId, type UploadId } from '../table/ids.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { storing, syncFolder } from './durable.ts';

/** A file that comes in several requests; its upload will have the same id. */
export interface ResumableFile {
  readonly id: UploadId;
  readonly customerId: CustomerId;
  readonly customerMayAppear: boolean;
  /** Its whole length in bytes, as its sender says. */
  readonly length: number;
  readonly filename: string | null;
  readonly options: UploadOptions;
  readonly mends: UploadId | null;
  /** What the sender told of it, to be told back. */
  readonly metadata: Readonly<Record<string, string | null>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** What a piece of a file must have, to be kept. */
export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256';
  readonly digest: Buffer;
}

export interface ResumableFilesPorts {
  readonly directory: string;
  readonly reserve: DiskReserve;
  /** How many unfinished files a customer may have. */
  readonly mostOfOne: number;
}

/**
 * Files that are not whole yet, on disk: `<id>.part` holds the bytes, `<id>.json` says what they are of, and counts. Whatever
 * a sender is told of is durable before.
 */
export class ResumableFiles {
  readonly #ports: ResumableFilesPorts;

  constructor(ports: ResumableFilesPorts) {
    this.#ports = ports;
  }

  /** @throws Problem disk_full, too_many_uploads */
  async create(file: ResumableFile): Promise<void> {
    const { directory, reserve, mostOfOne } = this.#ports;
    await reserve.refuseBeyond(file.length);
    const others = (await this.list()).filter(({ customerId }) => customerId === file.customerId);
    if (others.length >= mostOfOne) {
      const detail = `${others.length} files of customer ${file.customerId} have been begun and are not whole; ${mostOfOne} may be.`;
      throw new Problem('too_many_uploads', detail);
    }
    await storing(async () => {
      await mkdir(directory, { recursive: true });
      await writeDurably(this.#part(file.id), '');
      await writeDurably(`${this.#about(file.id)}.tmp`, JSON.stringify(file));
      await rename(`${this.#about(file.id)}.tmp`, this.#about(file.id));
      await syncFolder(directory);
    });
  }

  async find(id: UploadId): Promise<ResumableFile | null> {
    try {
      return JSON.parse(await readFile(this.#about(id), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** How many bytes of it have come. */
  async received(id: UploadId): Promise<number> {
    return (await stat(this.#part(id))).size;
  }

  /**
   * Appends bytes, and makes them durable. Where they end early, what came is kept, unless a checksum was told for them.
   *
   * @param offset how many bytes there are already. Nobody else appends at the same time
   * @returns how many there are now
   * @throws Problem checksum_mismatch, disk_full
   */
  async append(id: UploadId, offset: number, bytes: Readable, checksum: Checksum | null): Promise<number> {
    const room = this.#ports.reserve.room();
    const file = await open(this.#part(id), 'r+');
    const hash = checksum && createHash(checksum.algorithm);
    let end = offset;
    let isWhole = false;
    try {
      for await (const chunk of bytes as AsyncIterable<Buffer>) {
        await room.take(chunk.length);
        hash?.update(chunk);
        let at = 0;
        while (at < chunk.length) {
          at += (await storing(() => file.write(chunk, at, chunk.length - at, end + at))).bytesWritten;
        }
        end += chunk.length;
      }
      if (checksum && !hash?.digest().equals(checksum.digest)) {
        throw new Problem(
          'checksum_mismatch',
          `The bytes from ${offset} to ${end} have another ${checksum.algorithm} sum.`,
        );
      }
      isWhole = true;
    } finally {
      room.giveBack();
      try {
        if (!isWhole && checksum) await file.truncate(offset);
        await storing(() => file.sync());
      } finally {
        await file.close();
      }
    }
    return end;
  }

  read(id: UploadId): Readable {
    return createReadStream(this.#part(id));
  }

  /** Forgets it. Succeeds where it is not there. */
  async remove(id: UploadId): Promise<void> {
    await rm(this.#about(id), { force: true });
    await rm(this.#part(id), { force: true });
  }

  async list(): Promise<readonly ResumableFile[]> {
    const ids = (await this.#names()).filter((name) => name.endsWith('.json')).map((name) => idOf(name));
    const files = await Promise.all(ids.map((id) => id && this.find(id)));
    return files.filter((file) => file !== null);
  }

  /** Removes what a crash left half made. Nothing may be begun meanwhile. */
  async sweep(): Promise<void> {
    const names = new Set(await this.#names());
    for (const name of names) {
      const id = idOf(name);
      if (name.endsWith('.json') || (id && names.has(`${id}.json`) && name.endsWith('.part'))) continue;
      await rm(join(this.#ports.directory, name), { force: true });
    }
    // A process that was killed may not have made its last bytes last.
    for (const { id } of await this.list()) await syncFile(this.#part(id));
  }

  async #names(): Promise<readonly string[]> {
    return readdir(this.#ports.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }

  #part(id: UploadId): string {
    return join(this.#ports.directory, `${id}.part`);
  }

  #about(id: UploadId): string {
    return join(this.#ports.directory, `${id}.json`);
  }
}

function idOf(name: string): UploadId | null {
  return parseUploadId(name.slice(0, name.indexOf('.')));
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
