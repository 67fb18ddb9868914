import type { Readable } from 'node:stream';
import type { CsvDialect } from '../../csv/dialect.ts';
import { readRecords } from '../../csv/record-reader.ts';
import { Problem } from '../../errors.ts';
import type { UploadId } from '../../model/ids.ts';
import type { RejectedRecord, RejectedRow } from '../../model/rejected-row.ts';
import type { RejectFileKind, RejectFiles, StoredFile } from './reject-files.ts';

const READ_BYTES = 256 * 1024;
const LINE_FEED = 10;

/** The rejected rows of uploads, as any node reads them. */
export class RejectedRows {
  readonly #files: Pick<RejectFiles, 'open'>;

  constructor(files: Pick<RejectFiles, 'open'>) {
    this.#files = files;
  }

  /**
   * @param after the `nextCursor` of the previous page
   * @throws Problem rejects_not_found; bad_request if the cursor is invalid
   */
  async page(
    uploadId: UploadId,
    { after, limit }: { readonly after: string | null; readonly limit: number },
  ): Promise<{ readonly items: readonly RejectedRecord[]; readonly nextCursor: string | null }> {
    const file = await this.#open(uploadId, 'list');
    try {
      const { bytes: size } = file;
      let at = await readCursor(file, after);
      const items: RejectedRecord[] = [];
      let rest = Buffer.alloc(0);
      let read = at;
      while (items.length < limit && at < size) {
        const bytes = await file.read(read, READ_BYTES);
        if (bytes.length === 0) break;
        read += bytes.length;
        rest = Buffer.concat([rest, bytes]);
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
    return (await this.#open(uploadId, 'csv')).stream();
  }

  /**
   * @param dialect of the uploaded file
   * @returns the columns of the file of rejected rows, in its order. @throws Problem rejects_not_found
   */
  async columns(uploadId: UploadId, dialect: Pick<CsvDialect, 'delimiter' | 'quote'>): Promise<readonly string[]> {
    const file = await this.#open(uploadId, 'csv');
    try {
      const [header] = readRecords(await file.read(0, READ_BYTES), quotedDialect(dialect), 1, 1);
      return (header?.fields ?? []).map((name) => name ?? '');
    } finally {
      await file.close();
    }
  }

  async #open(uploadId: UploadId, kind: RejectFileKind): Promise<StoredFile> {
    const file = await this.#files.open(uploadId, kind);
    if (!file) throw new Problem('rejects_not_found', `Upload ${uploadId} has no rejected rows.`);
    return file;
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

/** Reads a cursor: the offset in bytes at which a line starts. */
async function readCursor(file: StoredFile, after: string | null): Promise<number> {
  if (after === null) return 0;
  const at = /^\d{1,15}$/.test(after) ? Number(after) : 0;
  const [last] = at > 0 && at < file.bytes ? await file.read(at - 1, 1) : [];
  if (last === LINE_FEED) return at;
  throw new Problem('bad_request', 'Invalid cursor.');
}
