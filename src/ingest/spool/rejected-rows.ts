import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { syncFolder } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import type { UploadId } from '../../model/ids.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';

const READ_BYTES = 256 * 1024;
const LINE_FEED = 10;

/** Rows that could not become one, of every upload that has some: a file that lists them, and one that holds them. */
export class RejectedRows {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Where the engine writes them. */
  pathsOf(uploadId: UploadId): { readonly list: string; readonly csv: string } {
    return { list: join(this.#directory, `${uploadId}.ndjson`), csv: join(this.#directory, `${uploadId}.csv`) };
  }

  /** Makes the names of the files last. */
  sync(): Promise<void> {
    return syncFolder(this.#directory);
  }

  /**
   * @param after the `nextCursor` of the page before
   * @throws Problem rejects_not_found; bad_request where the cursor is none of these rejects
   */
  async page(
    uploadId: UploadId,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): Promise<{ readonly items: readonly RejectedRow[]; readonly nextCursor: string | null }> {
    const file = await openFound(this.pathsOf(uploadId).list, uploadId);
    try {
      const { size } = await file.stat();
      let at = await startOf(file, after, size);
      const items: RejectedRow[] = [];
      let rest = Buffer.alloc(0);
      let read = at;
      while (items.length < limit && at < size) {
        const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, read);
        if (bytesRead === 0) break;
        read += bytesRead;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        for (let end = rest.indexOf(LINE_FEED); end >= 0 && items.length < limit; end = rest.indexOf(LINE_FEED)) {
          items.push(JSON.parse(rest.toString('utf8', 0, end)));
          at += end + 1;
          rest = rest.subarray(end + 1);
        }
      }
      return { items, nextCursor: at < size ? String(at) : null };
    } finally {
      await file.close();
    }
  }

  /** The rejected records below the names of the columns, as UTF-8. @throws Problem rejects_not_found */
  async csv(uploadId: UploadId): Promise<Readable> {
    const path = this.pathsOf(uploadId).csv;
    await (await openFound(path, uploadId)).close();
    return createReadStream(path);
  }

  /** Removes what there is of an upload. */
  async remove(uploadId: UploadId): Promise<void> {
    for (const path of Object.values(this.pathsOf(uploadId))) await rm(path, { force: true });
  }

  /** Names of all uploads that have some. */
  async uploads(): Promise<ReadonlySet<string>> {
    return new Set((await readdir(this.#directory)).map((name) => name.split('.')[0] ?? ''));
  }
}

async function openFound(path: string, uploadId: UploadId): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new Problem('rejects_not_found', `No row of upload ${uploadId} was rejected.`, {}, { cause });
  }
}

/** Reads a cursor: an offset in bytes that follows a line feed. */
async function startOf(file: FileHandle, after: string | null, size: number): Promise<number> {
  if (after === null) return 0;
  const at = /^\d{1,15}$/.test(after) ? Number(after) : 0;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, at - 1));
  if (at > 0 && at < size && bytesRead === 1 && buffer[0] === LINE_FEED) return at;
  throw new Problem('bad_request', 'The cursor is none that a page of these rejects gave.');
}
