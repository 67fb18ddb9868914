import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { UploadOptions } from '../../catalog/upload.ts';
import { placeDurably, syncFolder } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import { type CustomerId, parseUploadId, type UploadId } from '../../model/ids.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { storing } from '../spool/storing.ts';
import { appendPiece, markOf, type Piece, settlePiece } from './append-chunk.ts';

/** A file that comes in several requests; its upload will have the same id. */
export interface ResumableFile {
  readonly id: UploadId;
  readonly customerId: CustomerId;
  readonly customerMayAppear: boolean;
  /** Its whole length in bytes, as its sender says. */
  readonly length: number;
  readonly filename: string | null;
  readonly options: UploadOptions;
  readonly corrects: UploadId | null;
  /** What the sender told of it, to be told back. */
  readonly metadata: Readonly<Record<string, string | null>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** How much of a file has come. */
export interface Received {
  readonly bytes: number;
  /** When the last of them came, or the file was begun. */
  readonly changedAt: Date;
}

export interface ResumableFilesDeps {
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
  readonly #deps: ResumableFilesDeps;
  /** All there are: the folder is this process's alone. */
  readonly #customers = new Map<UploadId, CustomerId>();
  /** Where bytes come from, while they do. */
  readonly #incoming = new Map<UploadId, Readable>();

  constructor(deps: ResumableFilesDeps) {
    this.#deps = deps;
  }

  /** Finds what there is, and removes what a crash left half made. Before anything else is asked. */
  async open(): Promise<void> {
    const { directory } = this.#deps;
    await mkdir(directory, { recursive: true });
    const names = new Set(await readdir(directory));
    for (const name of names) {
      const id = parseUploadId(name.slice(0, name.indexOf('.')));
      const isWanted = id && names.has(`${id}.json`) && names.has(`${id}.part`) && !name.endsWith('.tmp');
      if (!isWanted) await rm(join(directory, name), { force: true });
      else if (name.endsWith('.json')) this.#customers.set(id, (await this.#read(id)).customerId);
    }
    for (const id of this.ids) await settlePiece(this.#part(id));
  }

  get ids(): readonly UploadId[] {
    return [...this.#customers.keys()];
  }

  idsOf(customerId: CustomerId): readonly UploadId[] {
    return this.ids.filter((id) => this.#customers.get(id) === customerId);
  }

  /** @throws Problem disk_full, too_many_uploads */
  async create(file: ResumableFile): Promise<void> {
    const { reserve, mostOfOne } = this.#deps;
    const { id, customerId } = file;
    const others = this.idsOf(customerId).length;
    if (others >= mostOfOne) {
      const detail = `${others} files of customer ${customerId} have been begun and are not whole; ${mostOfOne} may be.`;
      throw new Problem('too_many_uploads', detail);
    }
    // Counted before anything is awaited: others begin at the same time.
    this.#customers.set(id, customerId);
    try {
      // When it is whole it is there twice for a while: as it came, and cut into segments.
      await reserve.refuseBeyond(2 * file.length);
      await storing(async () => {
        await placeDurably(this.#part(id), '');
        await placeDurably(this.#about(id), JSON.stringify(file));
      });
      failpoint('resumable_begun');
    } catch (error) {
      // Why it could not be begun is what its sender is told.
      await this.remove(id).catch(() => undefined);
      throw error;
    }
  }

  async find(id: UploadId): Promise<ResumableFile | null> {
    return this.#customers.has(id) ? unlessGone(this.#read(id)) : null;
  }

  async received(id: UploadId): Promise<Received | null> {
    const part = this.#customers.has(id) ? await unlessGone(stat(this.#part(id))) : null;
    return part && { bytes: part.size, changedAt: part.mtime };
  }

  /** Whether bytes of it are coming now. */
  isIncoming(id: UploadId): boolean {
    return this.#incoming.has(id);
  }

  /**
   * @param source where the piece's bytes come from: destroyed where the file is removed meanwhile
   * @returns how many bytes there are now
   * @throws Problem as `appendPiece` does, and upload_cancelled
   */
  async append(id: UploadId, offset: number, piece: Piece, source: Readable): Promise<number> {
    this.#incoming.set(id, source);
    try {
      return await appendPiece(this.#part(id), offset, piece, this.#deps.reserve);
    } finally {
      this.#incoming.delete(id);
    }
  }

  read(id: UploadId): Readable {
    return createReadStream(this.#part(id));
  }

  /** Forgets it; whoever sends bytes of it is told so. @returns whether it was there */
  async remove(id: UploadId): Promise<boolean> {
    const wasThere = this.#customers.delete(id);
    this.#incoming.get(id)?.destroy(new Problem('upload_cancelled', `Upload ${id} was cancelled while it came.`));
    for (const path of [this.#about(id), markOf(this.#part(id)), this.#part(id)]) await rm(path, { force: true });
    // Else a power cut might bring it back.
    if (wasThere) await syncFolder(this.#deps.directory);
    return wasThere;
  }

  async #read(id: UploadId): Promise<ResumableFile> {
    return JSON.parse(await readFile(this.#about(id), 'utf8'));
  }

  #part(id: UploadId): string {
    return join(this.#deps.directory, `${id}.part`);
  }

  #about(id: UploadId): string {
    return join(this.#deps.directory, `${id}.json`);
  }
}

/** Null where a file was removed in the meantime. */
async function unlessGone<T>(reading: Promise<T>): Promise<T | null> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
