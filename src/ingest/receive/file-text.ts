import { basename, dirname } from 'node:path';
import type { ReceivedFile } from '../../catalog/upload.ts';
import { noRows } from '../../csv/detect-dialect.ts';
import { cutterOf, rewriterOf, textDoubts } from '../../csv/detected-records.ts';
import type { RecordCutter } from '../../csv/record-cutter.ts';
import type { RecordRewriter } from '../../csv/record-rewriter.ts';
import type { CsvOrigin } from '../../csv/segment.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { SegmentFeed } from '../spool/segment-feed.ts';
import type { CutterPosition, SegmentWriter } from '../spool/segment-writer.ts';
import type { Spool } from '../spool/spool.ts';
import type { DetectedFile } from './file-head.ts';

/** How much of the collected bytes is decoded at once. */
const CHUNK_BYTES = 256 * 1024;

/** The text of one file on its way into the spool: decoded to UTF-8, cut into whole records, counted, written as segments. */
export class FileText {
  /** The segments that are complete, for an attempt that loads them while the next ones arrive. */
  readonly feed: SegmentFeed;
  readonly #file: DetectedFile;
  /** Null if the text of the file can be cut as it is. */
  readonly #rewriter: RecordRewriter | null;
  readonly #cutter: RecordCutter;
  readonly #writer: SegmentWriter;
  /** Whether every byte has been written; it need not be durable yet. */
  #isWhole = false;

  private constructor(file: DetectedFile, writer: SegmentWriter) {
    const { dialect, columns } = file.dialect;
    this.feed = new SegmentFeed(dialect, columns);
    this.#file = file;
    this.#rewriter = rewriterOf(file.dialect);
    this.#cutter = cutterOf(file.dialect);
    this.#writer = writer;
  }

  /** Creates the upload's folder in the spool. */
  static async create(spool: Spool, uploadId: UploadId, file: DetectedFile): Promise<FileText> {
    return new FileText(file, await spool.create(uploadId));
  }

  /** Writes what was collected below the header. @throws Problem as `push` does */
  async begin(): Promise<void> {
    const { text, bytes } = this.#file;
    await this.#write(text);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) await this.push(bytes.subarray(at, at + CHUNK_BYTES));
  }

  /** What the head of the file showed of it. */
  get detected(): Pick<DetectedFile, 'encoding' | 'dialect'> {
    return this.#file;
  }

  get columns(): readonly string[] {
    return this.#file.dialect.columns;
  }

  /**
   * @param chunk the next bytes; none of its memory is used after this has returned
   * @returns whether they completed a segment
   * @throws Problem if the bytes are no text of that encoding, or no CSV
   */
  async push(chunk: Buffer): Promise<boolean> {
    return this.#write(this.#file.decoder.push(chunk));
  }

  /** Call it after the last bytes. @throws Problem as `push` does, and no_rows */
  async end(): Promise<void> {
    await this.#write(this.#file.decoder.end());
    if (this.#rewriter) await this.#cut(this.#rewriter.end());
    const before = positionOf(this.#cutter);
    const last = this.#cutter.end();
    await this.#writer.write(last, last.length, before, this.#cutter);
    if (this.#cutter.records === 0) throw noRows(this.columns);
    this.#isWhole = true;
  }

  /** Makes the whole file durable. @returns what is known of it */
  async makeDurable(): Promise<Omit<ReceivedFile, 'bytes' | 'sha256'>> {
    if (!this.#isWhole) throw new Error('the file is not whole yet');
    const segments = await this.#writer.end(this.#cutter);
    this.#feedSegments();
    const { encoding, dialect } = this.#file;
    return {
      encoding,
      dialect: dialect.dialect,
      layout: dialect.layout,
      columns: dialect.columns,
      headerGuessed: dialect.headerGuessed,
      headerText: dialect.headerText,
      records: this.#cutter.records,
      segments: segments.map((segment) => ({ ...segment, path: nameInSpool(segment.path) })),
      origin: this.#origin(),
      warnings: this.#warnings(),
    };
  }

  /** Closes the open files. `Spool.remove` removes the folder. */
  abandon(): Promise<void> {
    return this.#writer.abandon();
  }

  /** UTF-8 text → whole records, counted → segments. @returns whether it completed a segment */
  async #write(text: Buffer): Promise<boolean> {
    return this.#cut(this.#rewriter?.push(text) ?? text);
  }

  async #cut(text: Buffer): Promise<boolean> {
    if (text.length === 0) return false;
    const before = positionOf(this.#cutter);
    const { bytes, lastRecordEnd } = this.#cutter.push(text);
    await this.#writer.write(bytes, lastRecordEnd, before, this.#cutter);
    return this.#feedSegments();
  }

  /** @returns whether there were new ones */
  #feedSegments(): boolean {
    if (this.#writer.sealed.length === this.feed.length) return false;
    for (const segment of this.#writer.sealed.slice(this.feed.length)) {
      this.feed.add(segment);
      failpoint('segment_written');
    }
    return true;
  }

  #origin(): CsvOrigin | null {
    const { byteOffset } = this.#file;
    const { newlineBytes } = this.#cutter;
    return byteOffset === null || newlineBytes === null || this.#rewriter ? null : { byteOffset, newlineBytes };
  }

  #warnings(): readonly string[] {
    const { stripped = 0 } = this.#file.decoder;
    return [...this.#file.warnings, ...this.#file.dialect.warnings, ...textDoubts(this.#cutter, stripped)];
  }
}

/** A segment as the catalog names it, wherever the spool is. */
function nameInSpool(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}

/** A copy of the cutter's position, which changes with the next bytes. */
function positionOf({ records, lines, quotedLineFeeds }: RecordCutter): CutterPosition {
  return { records, lines, quotedLineFeeds };
}
