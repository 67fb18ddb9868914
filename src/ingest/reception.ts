import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { Catalog, Customer, ReceivedFile, Upload, UploadOptions } from '../catalog/catalog.ts';
import { type DetectedDialect, detectDialect } from '../csv/detect-dialect.ts';
import { detectEncoding, refuseIfNotText } from '../csv/detect-encoding.ts';
import { RecordCutter } from '../csv/record-cutter.ts';
import { beginsWithMark, type CsvOrigin } from '../csv/segment.ts';
import { decoderFor, type Utf8Decoder } from '../csv/utf8.ts';
import { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Grant } from '../table/grant.ts';
import type { UploadId } from '../table/ids.ts';
import { decompressed } from './decompress.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { duplicateOf, refuseOtherUse } from './earlier-upload.ts';
import type { Loader } from './loader.ts';
import { namesInTable } from './names-in-table.ts';
import type { Places } from './places.ts';
import type { ProgressBoard } from './progress.ts';
import { SegmentFeed } from './segment-feed.ts';
import type { CutterPosition, SegmentWriter } from './segment-writer.ts';
import type { Spool } from './spool.ts';

/** How much of a file is looked at to find its encoding, dialect and columns. */
const HEAD_BYTES = 256 * 1024;
/** How much comes between two looks at the disk. */
const RESERVE_CHECK_BYTES = 32 * 1024 * 1024;

/** One file on its way in. */
export interface Reception {
  readonly uploadId: UploadId;
  /** Names the customer: before the bytes where it is known (loading then runs beside receiving), or after them. */
  bind(grant: Grant): Promise<void>;
  /**
   * Takes all bytes of the file, with back-pressure, and keeps them in the spool.
   *
   * @throws Problem where the bytes show that the file cannot be a table
   */
  write(bytes: Readable): Promise<void>;
  /**
   * Makes the file durable and registers it: from here on it ends as rows or as a failure that says why.
   *
   * @returns the upload; where its idempotency key was used for the same file, that earlier upload
   * @throws Problem duplicate_upload, idempotency_key_reused, upload_cancelled; or where the file cannot be appended to the
   *   customer's table
   */
  acknowledge(): Promise<Upload>;
  /** Forgets the file, unless it was acknowledged. Safe to call at any time, more than once. */
  abandon(): Promise<void>;
  /** Ends it for someone else than the sender, who is told `upload_cancelled`. Nothing where it was acknowledged. */
  cancel(): Promise<void>;
}

export interface ReceptionPorts {
  readonly catalog: Catalog;
  readonly spool: Spool;
  readonly loader: Loader;
  readonly observe: Observe;
  readonly progress: ProgressBoard;
  readonly places: Places;
  readonly reserve: DiskReserve;
  readonly maxWaitingUploads: number;
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  /** Told when the upload is acknowledged or forgotten. */
  readonly onClosed: (uploadId: UploadId) => void;
}

export interface IncomingFile {
  readonly uploadId: UploadId;
  readonly filename: string | null;
  readonly contentEncoding: string | null;
  /** What the sender says that it will send, in bytes. */
  readonly expectedBytes: number | null;
  readonly options: UploadOptions;
  readonly idempotencyKey: string | null;
  /** The failed upload whose text this is; its figures are those of the file as it was sent. */
  readonly retryOf: (Pick<ReceivedFile, 'bytes' | 'sha256' | 'encoding'> & { readonly id: UploadId }) | null;
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
  /** Whether every byte is written; not yet that it is durable. */
  written: boolean;
}

/** One file from its first byte to the acknowledgement. */
export class FileReception implements Reception {
  readonly #ports: ReceptionPorts;
  readonly #incoming: IncomingFile;
  readonly #startedAt = performance.now();
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #head: Buffer[] = [];
  #headBytes = 0;
  #opened: Opened | null = null;
  #grant: Grant | null = null;
  /** What is known of the customer; null where it has not appeared yet. */
  #customer: Customer | null = null;
  #registered = false;
  #mayRunAhead = true;
  #loading = false;
  #acknowledged = false;
  #abandoned: Promise<void> | null = null;
  /** Where the bytes come from, while they do. */
  #input: Readable | null = null;
  #cancelled = false;
  #leavePlace: () => void = () => undefined;

  constructor(ports: ReceptionPorts, incoming: IncomingFile) {
    this.#ports = ports;
    this.#incoming = incoming;
  }

  get uploadId(): UploadId {
    return this.#incoming.uploadId;
  }

  async bind(grant: Grant): Promise<void> {
    this.#grant = grant;
    const { catalog, maxWaitingUploads } = this.#ports;
    if ((await catalog.countWaiting(grant.customerId)) >= maxWaitingUploads) {
      const detail = `${maxWaitingUploads} uploads of customer ${grant.customerId} wait to be loaded.`;
      throw new Problem('too_many_uploads', detail, { max_waiting_uploads: maxWaitingUploads });
    }
    this.#customer = await catalog.findCustomer(grant.customerId);
    if (this.#opened) this.#refuseOtherColumns(this.#opened.detected.columns);
    const { idempotencyKey } = this.#incoming;
    if (idempotencyKey === null) return;
    // The file is read all the same: only its digest tells whether it is the same one.
    this.#mayRunAhead = (await this.#ports.catalog.findByIdempotencyKey(grant.customerId, idempotencyKey)) === null;
  }

  async write(input: Readable): Promise<void> {
    const { maxUploadBytes } = this.#ports;
    const { reserve } = this.#ports;
    this.#leavePlace = await this.#ports.places.take();
    this.#refuseCancelled();
    this.#input = input;
    let checkedAt = 0;
    await reserve.refuseBeyond(this.#incoming.expectedBytes ?? 0);
    for await (const chunk of decompressed(input, this.#incoming.contentEncoding, maxUploadBytes)) {
      this.#bytes += chunk.length;
      this.#ports.progress.received(this.uploadId, this.#bytes);
      this.#hash.update(chunk);
      if (this.#bytes - checkedAt > RESERVE_CHECK_BYTES) {
        checkedAt = this.#bytes;
        await reserve.refuseBeyond(0);
      }
      if (this.#opened) await this.#take(this.#opened, this.#opened.decoder.push(chunk));
      else await this.#gatherHead(chunk);
    }
    const opened = this.#opened ?? (await this.#open(true));
    await this.#take(opened, opened.decoder.end());
    await this.#finish(opened);
    this.#leavePlace();
  }

  async acknowledge(): Promise<Upload> {
    const { catalog, loader, observe } = this.#ports;
    this.#refuseCancelled();
    const opened = this.#opened;
    if (!opened?.written || !this.#grant) throw new Error('a file is acknowledged when it is whole and has a customer');
    const { detected, encoding, writer, feed, cutter } = opened;
    const segments = await writer.end(opened.cutter);
    this.#announce(opened);
    await this.#register(this.#grant);
    const { retryOf, options } = this.#incoming;
    const file: ReceivedFile = {
      bytes: retryOf?.bytes ?? this.#bytes,
      sha256: retryOf?.sha256 ?? this.#hash.digest('hex'),
      encoding: retryOf?.encoding ?? encoding,
      dialect: detected.dialect,
      columns: detected.columns,
      headerText: detected.headerText,
      records: cutter.records,
      segments: segments.map((segment) => ({ ...segment, path: basename(segment.path) })),
      // Of a retry the bytes are not those of the file.
      origin: retryOf ? null : originOf(opened),
    };
    const received = await catalog.markReceived(this.uploadId, file);
    if (received.kind === 'duplicate') throw duplicateOf(received.earlier);
    if (received.kind === 'key_used') {
      refuseOtherUse(received.earlier, file, options);
      await this.abandon();
      return received.earlier;
    }
    this.#acknowledged = true;
    this.#ports.onClosed(this.uploadId);
    feed.end(file);
    loader.kick();
    observe({
      kind: 'upload_received',
      uploadId: this.uploadId,
      customerId: this.#grant.customerId,
      bytes: file.bytes,
      records: file.records,
      ms: performance.now() - this.#startedAt,
    });
    return received.upload;
  }

  abandon(): Promise<void> {
    if (this.#acknowledged) return Promise.resolve();
    this.#abandoned ??= this.#forget();
    return this.#abandoned;
  }

  async cancel(): Promise<void> {
    if (this.#acknowledged) return;
    this.#cancelled = true;
    this.#input?.destroy(cancelled(this.uploadId));
    await this.abandon();
  }

  #refuseCancelled(): void {
    if (this.#cancelled) throw cancelled(this.uploadId);
  }

  async #forget(): Promise<void> {
    const { catalog, spool, loader, observe, onClosed } = this.#ports;
    onClosed(this.uploadId);
    this.#leavePlace();
    this.#ports.progress.forget(this.uploadId);
    this.#opened?.feed.fail(new Error('the file did not arrive'));
    await loader.abort(this.uploadId);
    await this.#opened?.writer.abandon();
    // No failure of the sender's: what he is told is why the file was not taken.
    const failed = (error: Error): void => observe({ kind: 'background_failed', task: 'spool', error });
    await spool.remove(this.uploadId).catch(failed);
    if (!this.#registered) return;
    if (this.#cancelled) await catalog.cancelUpload(this.uploadId);
    else await catalog.deleteUpload(this.uploadId);
  }

  async #gatherHead(chunk: Buffer): Promise<void> {
    this.#head.push(chunk);
    this.#headBytes += chunk.length;
    if (this.#headBytes >= HEAD_BYTES) await this.#open(false);
  }

  /** Finds encoding, dialect and columns in the head: what it shows wrong is refused here. */
  async #open(complete: boolean): Promise<Opened> {
    const { spool, maxColumns } = this.#ports;
    const { uploadId, options } = this.#incoming;
    const head = Buffer.concat(this.#head);
    this.#head = [];
    const encoding = options.encoding ?? detectEncoding(head, complete);
    refuseIfNotText(head, encoding);
    const decoder = decoderFor(encoding);
    const text = complete ? Buffer.concat([decoder.push(head), decoder.end()]) : decoder.push(head);
    const detected = detectDialect(text, { complete, maxColumns, overrides: options });
    this.#refuseOtherColumns(detected.columns);
    const { dialect, columns, newline, firstDataLine, dataOffset } = detected;
    const cutter = new RecordCutter({ ...dialect, newline, columns: columns.length, firstLine: firstDataLine });
    const writer = await spool.begin(uploadId);
    const feed = new SegmentFeed(dialect, columns);
    const byteOffset = encoding === 'utf-8' ? dataOffset + (beginsWithMark(head) ? 3 : 0) : null;
    this.#opened = { encoding, byteOffset, decoder, detected, cutter, writer, feed, written: false };
    await this.#take(this.#opened, text.subarray(dataOffset));
    return this.#opened;
  }

  #refuseOtherColumns(columns: readonly string[]): void {
    namesInTable(columns, this.#customer?.table?.columns ?? this.#customer?.declaredColumns ?? null);
  }

  /** UTF-8 bytes → whole records, counted → segments. */
  async #take(opened: Opened, text: Buffer): Promise<void> {
    if (text.length === 0) return;
    const { cutter, writer } = opened;
    const before = positionOf(cutter);
    const { bytes, lastRecordEnd } = cutter.push(text);
    await writer.write(bytes, lastRecordEnd, before, cutter);
    if (writer.sealed.length > opened.feed.length) await this.#runAhead(opened);
  }

  /** Lets the loader have the segments that are complete, while the next ones arrive. */
  async #runAhead(opened: Opened): Promise<void> {
    this.#announce(opened);
    this.#refuseCancelled();
    if (this.#loading || !this.#mayRunAhead || !this.#grant) return;
    await this.#register(this.#grant);
    this.#loading = await this.#ports.loader.startEarly(this.uploadId, opened.feed);
  }

  #announce({ writer, feed }: Opened): void {
    for (const segment of writer.sealed.slice(feed.length)) feed.add(segment);
  }

  async #finish(opened: Opened): Promise<void> {
    const { cutter, writer, detected } = opened;
    const before = positionOf(cutter);
    const last = cutter.end();
    await writer.write(last, last.length, before, cutter);
    if (cutter.records === 0) {
      throw new Problem('no_rows', `The file names its ${detected.columns.length} columns and has no row below them.`);
    }
    opened.written = true;
  }

  /** Tells the catalog that the bytes of an upload are arriving. */
  async #register({ customerId }: Grant): Promise<void> {
    if (this.#registered) return;
    const { filename, options, idempotencyKey, retryOf } = this.#incoming;
    const upload = { id: this.uploadId, customerId, filename, options, idempotencyKey, retryOf: retryOf?.id ?? null };
    await this.#ports.catalog.createUpload(upload);
    this.#registered = true;
  }
}

function originOf({ byteOffset, cutter: { newlineBytes } }: Opened): CsvOrigin | null {
  return byteOffset === null || newlineBytes === null ? null : { byteOffset, newlineBytes };
}

function cancelled(uploadId: UploadId): Problem {
  return new Problem('upload_cancelled', `Upload ${uploadId} was cancelled while it was being received.`);
}

/** Where a cutter stands now: it moves on. */
function positionOf({ records, lines, quotedLineFeeds }: RecordCutter): CutterPosition {
  return { records, lines, quotedLineFeeds };
}
