import { basename } from 'node:path';
import type { ReceivedFile, UploadOptions } from '../../catalog/upload.ts';
import { type DetectedDialect, detectDialect, noRows } from '../../csv/detect-dialect.ts';
import { detectEncoding, refuseIfNotText } from '../../csv/detect-encoding.ts';
import { RecordCutter } from '../../csv/record-cutter.ts';
import { beginsWithMark, type CsvOrigin } from '../../csv/segment.ts';
import { decoderFor, type Utf8Decoder } from '../../csv/utf8.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { SegmentFeed } from '../spool/segment-feed.ts';
import type { CutterPosition, SegmentWriter } from '../spool/segment-writer.ts';
import type { Spool } from '../spool/spool.ts';

/** How much of a file is looked at to find its encoding, dialect and columns. */
const HEAD_BYTES = 256 * 1024;

export interface FileTextDeps {
  readonly spool: Spool;
  readonly maxColumns: number;
  /** @throws Problem columns_differ where the file's columns are not its table's */
  readonly refuseOtherColumns: (columns: readonly string[]) => void;
  /** Told when segments are complete, while the next ones arrive. */
  readonly onSegments: (feed: SegmentFeed) => Promise<void>;
}

/** What is known once the head was looked at. */
interface Opened {
  readonly encoding: string;
  /** Where in the file the first record below the header begins; null where the file is not UTF-8. */
  readonly byteOffset: number | null;
  readonly decoder: Utf8Decoder;
  readonly detected: DetectedDialect;
  readonly cutter: RecordCutter;
  readonly writer: SegmentWriter;
  readonly feed: SegmentFeed;
}

/** The bytes of one file, decompressed, on their way into the spool: text, cut at record ends and counted. */
export class FileText {
  readonly #deps: FileTextDeps;
  readonly #file: { readonly uploadId: UploadId; readonly options: UploadOptions };
  #head: Buffer[] = [];
  #headBytes = 0;
  #opened: Opened | null = null;
  /** Whether every byte is written; not yet that it is durable. */
  #written = false;

  constructor(deps: FileTextDeps, file: { readonly uploadId: UploadId; readonly options: UploadOptions }) {
    this.#deps = deps;
    this.#file = file;
  }

  /** Null until they are found. */
  get columns(): readonly string[] | null {
    return this.#opened?.detected.columns ?? null;
  }

  /** Null until there can be segments. */
  get feed(): SegmentFeed | null {
    return this.#opened?.feed ?? null;
  }

  /**
   * @param chunk the next bytes; none of its memory is used once this has returned
   * @throws Problem where the bytes show that the file cannot be a table
   */
  async push(chunk: Buffer): Promise<void> {
    if (this.#opened) return this.#take(this.#opened, this.#opened.decoder.push(chunk));
    this.#head.push(Buffer.from(chunk));
    this.#headBytes += chunk.length;
    if (this.#headBytes >= HEAD_BYTES) await this.#open(false);
  }

  /** There are no more bytes. @throws Problem as `push` does, and no_rows */
  async end(): Promise<void> {
    const opened = this.#opened ?? (await this.#open(true));
    await this.#take(opened, opened.decoder.end());
    const { cutter, writer, detected } = opened;
    const before = positionOf(cutter);
    const last = cutter.end();
    await writer.write(last, last.length, before, cutter);
    if (cutter.records === 0) throw noRows(detected.columns);
    this.#written = true;
  }

  /** Makes all of it durable. @returns what was found of it */
  async durable(): Promise<Omit<ReceivedFile, 'bytes' | 'sha256'>> {
    if (!this.#opened || !this.#written) throw new Error('a file is made durable when it is whole');
    const { detected, encoding, writer, cutter } = this.#opened;
    const segments = await writer.end(cutter);
    this.#announce(this.#opened);
    return {
      encoding,
      dialect: detected.dialect,
      columns: detected.columns,
      headerGuessed: detected.headerGuessed,
      headerText: detected.headerText,
      records: cutter.records,
      segments: segments.map((segment) => ({ ...segment, path: basename(segment.path) })),
      origin: originOf(this.#opened),
    };
  }

  /** Closes what is open. The folder is the spool's to remove. */
  async abandon(): Promise<void> {
    await this.#opened?.writer.abandon();
  }

  /** Finds encoding, dialect and columns in the head: what it shows wrong is refused here. */
  async #open(complete: boolean): Promise<Opened> {
    const { spool, maxColumns, refuseOtherColumns } = this.#deps;
    const { uploadId, options } = this.#file;
    const head = Buffer.concat(this.#head);
    this.#head = [];
    const encoding = options.encoding ?? detectEncoding(head, complete);
    refuseIfNotText(head, encoding);
    const decoder = decoderFor(encoding);
    const text = complete ? Buffer.concat([decoder.push(head), decoder.end()]) : decoder.push(head);
    const detected = detectDialect(text, { complete, maxColumns, overrides: options });
    refuseOtherColumns(detected.columns);
    const { dialect, columns, newline, firstDataLine, dataOffset } = detected;
    const cutter = new RecordCutter({ ...dialect, newline, columns: columns.length, firstLine: firstDataLine });
    const writer = await spool.begin(uploadId);
    const feed = new SegmentFeed(dialect, columns);
    const byteOffset = encoding === 'utf-8' ? dataOffset + (beginsWithMark(head) ? 3 : 0) : null;
    this.#opened = { encoding, byteOffset, decoder, detected, cutter, writer, feed };
    await this.#take(this.#opened, text.subarray(dataOffset));
    return this.#opened;
  }

  /** UTF-8 bytes → whole records, counted → segments. */
  async #take(opened: Opened, text: Buffer): Promise<void> {
    if (text.length === 0) return;
    const { cutter, writer, feed } = opened;
    const before = positionOf(cutter);
    const { bytes, lastRecordEnd } = cutter.push(text);
    await writer.write(bytes, lastRecordEnd, before, cutter);
    if (writer.sealed.length === feed.length) return;
    this.#announce(opened);
    await this.#deps.onSegments(feed);
  }

  #announce({ writer, feed }: Opened): void {
    for (const segment of writer.sealed.slice(feed.length)) {
      feed.add(segment);
      failpoint('segment_written');
    }
  }
}

function originOf({ byteOffset, cutter: { newlineBytes } }: Opened): CsvOrigin | null {
  return byteOffset === null || newlineBytes === null ? null : { byteOffset, newlineBytes };
}

/** Where a cutter stands now: it moves on. */
function positionOf({ records, lines, quotedLineFeeds }: RecordCutter): CutterPosition {
  return { records, lines, quotedLineFeeds };
}
