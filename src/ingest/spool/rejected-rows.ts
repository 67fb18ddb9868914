import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { CsvDialect } from '../../csv/dialect.ts';
import { readRecords } from '../../csv/record-reader.ts';
import { syncFolder } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import type { UploadId } from '../../model/ids.ts';
import type { RejectedRecord, RejectedRow } from '../../model/rejected-row.ts';

const READ_BYTES = 256 * 1024;
const LINE_FEED = 10;

/** The rejected rows of uploads. Each upload that has some has two files: a list with the reasons, and the rows as CSV. */
export class RejectedRows {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The files of an upload, for the part that writes them. */
  pathsOf(uploadId: UploadId): { readonly list: string; readonly csv: string } {
    return { list: join(this.#directory, `${uploadId}.ndjson`), csv: join(this.#directory, `${uploadId}.csv`) };
  }

  /** Makes the names of new files durable. */
  sync(): Promise<void> {
    return syncFolder(this.#directory);
  }

  /**
   * @param after the `nextCursor` of the previous page
   * @throws Problem rejects_not_found; bad_request if the cursor is invalid
   */
  async page(
    uploadId: UploadId,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): Promise<{ readonly items: readonly RejectedRecord[]; readonly nextCursor: string | null }> {
    const file = await openFound(this.pathsOf(uploadId).list, uploadId);
    try {
      const { size } = await file.stat();
      let at = await readCursor(file, after, size);
      const items: RejectedRecord[] = [];
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

  /** @returns UTF-8 text: the column names, then the rejected records. @throws Problem rejects_not_found */
  async csv(uploadId: UploadId): Promise<Readable> {
    const path = this.pathsOf(uploadId).csv;
    await (await openFound(path, uploadId)).close();
    return createReadStream(path);
  }

  /**
   * @param dialect of the uploaded file
   * @returns the columns of the file of rejected rows, in its order. @throws Problem rejects_not_found
   */
  async columns(uploadId: UploadId, dialect: Pick<CsvDialect, 'delimiter' | 'quote'>): Promise<readonly string[]> {
    const file = await openFound(this.pathsOf(uploadId).csv, uploadId);
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, 0);
      const [header] = readRecords(buffer.subarray(0, bytesRead), quotedDialect(dialect), 1, 1);
      return (header?.fields ?? []).map((name) => name ?? '');
    } finally {
      await file.close();
    }
  }

  /** Removes the files of an upload, if it has any. */
  async remove(uploadId: UploadId): Promise<void> {
    for (const path of Object.values(this.pathsOf(uploadId))) await rm(path, { force: true });
  }

  /** @returns the ids of all uploads that have files here, as their names spell them */
  async uploads(): Promise<ReadonlySet<string>> {
    return new Set((await readdir(this.#directory)).map((name) => name.split('.')[0] ?? ''));
  }
}

/** The dialect of the file of rejected rows: its header may need quotes, even if the uploaded file has none. */
export function quotedDialect({ delimiter, quote }: Pick<CsvDialect, 'delimiter' | 'quote'>) {
  return { delimiter, quote: quote === '' ? '"' : quote };
}

/** A rejected row as problems and pages show it. */
export function rejectJson({ line, byteOffset, column, code, message, text }: RejectedRow) {
  return { line, byte_offset: byteOffset, column, code, message, text };
}

async function openFound(path: string, uploadId: UploadId): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new Problem('rejects_not_found', `Upload ${uploadId} has no rejected rows.`, {}, { cause });
  }
}

/** Reads a cursor: the offset in bytes at which a line starts. */
async function readCursor(file: FileHandle, after: string | null, size: number): Promise<number> {
  if (after === null) return 0;
  const at = /^\d{1,15}$/.test(after) ? Number(after) : 0;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, Math.max(0, at - 1));
  if (at > 0 && at < size && bytesRead === 1 && buffer[0] === LINE_FEED) return at;
  throw new Problem('bad_request', 'Invalid cursor.');
}
