import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { hasSpaceFor } from '../disk-space.ts';
import { Problem } from '../errors.ts';
import type { CustomerId } from '../model/ids.ts';
import type { PreparedExport } from './table-exports.ts';

export interface ExportFilesDeps {
  readonly exportDirectory: string;
  readonly diskReserveBytes: number;
}

/** An export of which any part can be read. */
export interface ExportFile {
  readonly length: number;
  readonly digest: string;
  /** @param end exclusive */
  read(start: number, end: number): Readable;
}

/** How long a file is kept after its last use. */
const KEEP_MS = 5 * 60_000;
const SWEEP_MS = 10_000;
const MAX_FILES = 16;
/** A slow client uses a file for hours, and no customer may use all of them. */
const MAX_OF_CUSTOMER = MAX_FILES / 2;
const READ_BYTES = 256 * 1024;
/** How much is written between two looks at the free disk space. */
const CHECK_BYTES = 16 * 1024 * 1024;

interface Kept extends ExportFile {
  readonly identity: string;
  readonly customerId: CustomerId;
  readonly isCurrent: () => Promise<boolean>;
  readonly handle: FileHandle;
  readers: number;
  usedAt: number;
}

interface Writing {
  readonly customerId: CustomerId;
  readonly file: Promise<Kept>;
  readonly controller: AbortController;
  requests: number;
}

/**
 * Exports that were written to disk, for requests that need their length or a part of them. They are kept for a while: readers of
 * Parquet request the end of a file, and then parts of it. A file has no name once it is open, so that its space is freed when it
 * is closed, even by a crash.
 */
export class ExportFiles {
  readonly #deps: ExportFilesDeps;
  readonly #kept = new Map<string, Kept>();
  readonly #writing = new Map<string, Writing>();
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: ExportFilesDeps) {
    this.#deps = deps;
  }

  /** Whether the file exists, so that sending it costs less than making the export again. */
  has(identity: string): boolean {
    return this.#kept.has(identity);
  }

  /**
   * Opens the file of an export, once it is complete. Requests for the same file share it.
   *
   * @param signal aborts when the client disconnects
   * @throws Problem disk_full, too_many_exports, and those of `PreparedExport.begin`
   */
  async open(prepared: PreparedExport, signal: AbortSignal): Promise<ExportFile> {
    const { identity } = prepared;
    const kept = this.#kept.get(identity);
    if (kept) {
      kept.usedAt = Date.now();
      return kept;
    }
    const writing = this.#writing.get(identity) ?? this.#start(prepared);
    writing.requests++;
    const leave = (): void => {
      if (--writing.requests === 0) writing.controller.abort(signal.reason);
    };
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await writing.file;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const { controller } of this.#writing.values()) controller.abort();
    await Promise.allSettled([...this.#writing.values()].map(({ file }) => file));
    await Promise.all([...this.#kept.values()].map((file) => this.#remove(file)));
  }

  #start(prepared: PreparedExport): Writing {
    const { identity, customerId } = prepared;
    const controller = new AbortController();
    const file = this.#write(prepared, controller.signal)
      .then((kept) => {
        this.#kept.set(identity, kept);
        this.#timer ??= setInterval(() => void this.#sweep(), SWEEP_MS).unref();
        return kept;
      })
      .finally(() => {
        if (this.#writing.get(identity) === writing) this.#writing.delete(identity);
      });
    const writing: Writing = { customerId, file, controller, requests: 0 };
    // No request joins a cancelled export.
    controller.signal.addEventListener('abort', () => this.#writing.delete(identity), { once: true });
    this.#writing.set(identity, writing);
    return writing;
  }

  async #write(prepared: PreparedExport, signal: AbortSignal): Promise<Kept> {
    await this.#makeRoom(prepared.customerId);
    const path = join(this.#deps.exportDirectory, randomUUID());
    const { first, rest } = await prepared.begin(signal);
    const handle = await open(path, 'wx+').catch(async (error) => {
      await rest.return();
      throw error;
    });
    try {
      await rm(path);
      const digest = createHash('sha256');
      let length = 0;
      let checkedAt = 0;
      const write = async (bytes: Uint8Array): Promise<void> => {
        digest.update(bytes);
        for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
        length += bytes.length;
        if (length - checkedAt < CHECK_BYTES) return;
        checkedAt = length;
        await this.#requireSpace();
      };
      await write(first);
      for await (const chunk of rest) await write(chunk);
      signal.throwIfAborted();
      return this.#keptFile(prepared, handle, length, digest.digest('base64url').slice(0, 22));
    } catch (error) {
      await rest.return().catch(() => undefined);
      await handle.close();
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskFull();
      throw error;
    }
  }

  #keptFile(
    { identity, customerId, isCurrent }: PreparedExport,
    handle: FileHandle,
    length: number,
    digest: string,
  ): Kept {
    const kept: Kept = {
      identity,
      customerId,
      isCurrent,
      handle,
      length,
      digest,
      readers: 0,
      usedAt: Date.now(),
      read(start, end) {
        kept.readers++;
        const part = Readable.from(partOf(handle, start, end), { objectMode: false, highWaterMark: 1 });
        part.once('close', () => {
          kept.readers--;
          kept.usedAt = Date.now();
        });
        return part;
      },
    };
    return kept;
  }

  /** Files of earlier versions of a table, and of deleted tables, serve nobody. */
  async #sweep(): Promise<void> {
    for (const file of this.#idle()) {
      const { usedAt } = file;
      const isNeeded = Date.now() - usedAt < KEEP_MS && (await file.isCurrent().catch(() => false));
      // A request may have taken it in the meantime.
      if (!isNeeded && file.readers === 0 && file.usedAt === usedAt) await this.#remove(file);
    }
  }

  /** @throws Problem too_many_exports, disk_full */
  async #makeRoom(customerId: CustomerId): Promise<void> {
    const inUse = [...this.#writing.values(), ...[...this.#kept.values()].filter(({ readers }) => readers > 0)];
    const ofCustomer = inUse.filter((file) => file.customerId === customerId).length;
    if (ofCustomer >= MAX_OF_CUSTOMER) {
      throw new Problem(
        'too_many_exports',
        `Customer ${customerId} is receiving ${ofCustomer} files of exports, which is the maximum.`,
      );
    }
    while (this.#kept.size + this.#writing.size >= MAX_FILES) {
      const [oldest] = this.#idle();
      if (!oldest) throw new Problem('too_many_exports', `The server is sending ${MAX_FILES} files of exports.`);
      await this.#remove(oldest);
    }
    await this.#requireSpace();
  }

  /** Removes kept files until there is disk space again. @throws Problem disk_full */
  async #requireSpace(): Promise<void> {
    const { exportDirectory, diskReserveBytes } = this.#deps;
    while (!(await hasSpaceFor(exportDirectory, 0, diskReserveBytes))) {
      const [oldest] = this.#idle();
      if (!oldest) throw diskFull();
      await this.#remove(oldest);
    }
  }

  /** Files that nobody is reading, least recently used first. */
  #idle(): readonly Kept[] {
    return [...this.#kept.values()].filter(({ readers }) => readers === 0).sort((a, b) => a.usedAt - b.usedAt);
  }

  async #remove(file: Kept): Promise<void> {
    if (!this.#kept.delete(file.identity)) return;
    await file.handle.close();
  }
}

async function* partOf(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array, void> {
  for (let at = start; at < end; ) {
    const wanted = Math.min(READ_BYTES, end - at);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
    if (bytesRead === 0) throw new Error('the file of an export is shorter than it was');
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function diskFull(): Problem {
  return new Problem('disk_full', 'There is no space for the file. CSV and NDJSON need no disk space.');
}
