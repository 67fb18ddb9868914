import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '../../catalog/catalog.ts';
import type { QueueLimits } from '../../catalog/queue-limits.ts';
import type { ReceivedFile, Upload } from '../../catalog/upload.ts';
import { refuseDeclarations } from '../../csv/values/refuse-declarations.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { matchColumns } from '../../model/match-columns.ts';
import type { Loader } from '../load/loader.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { RefusedUploads } from '../progress/refused-uploads.ts';
import type { DiskReserve, SpaceAllowance } from '../spool/disk-reserve.ts';
import type { Spool } from '../spool/spool.ts';
import { decompressed } from './decompress.ts';
import { FileHead } from './file-head.ts';
import { FileText } from './file-text.ts';
import { freeMemory } from './free-memory.ts';
import { asSent, type FileSource, type IncomingFile, type LateFields, readFailureOf } from './incoming-file.ts';
import { changesText, textAgain } from './late-options.ts';
import type { ReceiveSlots } from './receive-slots.ts';
import { Registration } from './registration.ts';

export interface FileReceptionDeps {
  readonly catalog: Catalog;
  readonly spool: Spool;
  readonly loader: Pick<Loader, 'startEarly' | 'wake' | 'abort'>;
  readonly slots: Pick<ReceiveSlots, 'acquire'>;
  readonly reserve: DiskReserve;
  readonly progress: ProgressBoard;
  readonly refused: RefusedUploads;
  readonly observe: Observe;
  readonly limits: ReceiveLimits;
  /** The process that receives the file. */
  readonly instanceId: string;
}

export interface ReceiveLimits extends QueueLimits {
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  /** How long to wait for the next bytes of a file. */
  readonly idleMs: number;
}

/**
 * How much of a form is kept in memory until its last field is known, so that options count wherever they stand. A longer file is
 * examined while it arrives, and its text is received again if options after it say so.
 */
const SHORT_FORM_BYTES = 2 * 1024 * 1024;

/** One file, from its first byte to the acknowledgement. */
export class FileReception {
  readonly #deps: FileReceptionDeps;
  #file: IncomingFile;
  readonly #source: FileSource;
  readonly #registration: Registration;
  readonly #allowance: SpaceAllowance;
  readonly #startedAt = performance.now();
  readonly #hash = createHash('sha256');
  #bytes = 0;
  readonly #head: FileHead;
  /** Null until the head has been examined. */
  #text: FileText | null = null;
  #isLoading = false;
  /** Whether the fields after the file have been read. */
  #isComplete = false;
  /** Whether the options after the file require that its text is received again. */
  #isOutdated = false;
  #again: FileReception | null = null;
  readonly #cancellation = new AbortController();
  readonly #ended = Promise.withResolvers<'acknowledged' | 'discarded'>();

  constructor(deps: FileReceptionDeps, file: IncomingFile, source: FileSource) {
    this.#deps = deps;
    this.#file = file;
    this.#source = source;
    this.#registration = new Registration(deps.catalog, deps.limits, deps.instanceId, file);
    this.#allowance = deps.reserve.allowance();
    const mayBeShort = (file.expectedBytes ?? 0) <= SHORT_FORM_BYTES;
    this.#head = new FileHead(source.rest && mayBeShort ? SHORT_FORM_BYTES : 0);
  }

  /**
   * Receives the file: bytes → text → segments in the spool → durable → registered in the catalog and acknowledged. From then on
   * it ends as rows or as a failure that says why. If anything fails before, nothing of the file is kept.
   *
   * @returns the upload; if its idempotency key was used for the same file before, that earlier upload
   * @throws Problem whatever a file can be refused with
   */
  async receive(): Promise<Upload> {
    const { access, bytes } = this.#source;
    // A failure is thrown where the bytes are read; without a listener, one that comes earlier would end the process.
    bytes.on('error', () => undefined);
    try {
      if (access) await this.#registration.bind(access);
      await this.#receiveBytes();
      const late = await this.#complete();
      const upload = late && this.#isOutdated ? await this.#receiveAgain(late) : await this.#acknowledge();
      this.#deps.progress.stopReceiving(this.#file.uploadId);
      this.#ended.resolve('acknowledged');
      return upload;
    } catch (failure) {
      const { aborted, reason } = this.#cancellation.signal;
      const cause = aborted ? reason : (this.#source.causeOf?.(failure) ?? failure);
      // The request to cancel it may be found by the catalog before it comes here.
      const isCancelled = aborted || (cause instanceof Problem && cause.code === 'upload_cancelled');
      const isUncertain = cause instanceof Problem && cause.code === 'catalog_unavailable';
      if (isUncertain && (await this.#wasAcknowledged())) throw cause;
      if (!isCancelled && !this.#again) await this.#noteRefusal(problemOf(cause));
      await this.#discard(isCancelled);
      throw cause;
    } finally {
      this.#ended.resolve('discarded');
    }
  }

  /** The uploads as which the file is in the catalog, or will be: two while its text is received again. */
  get ids(): readonly UploadId[] {
    return [this.#file.uploadId, ...(this.#again?.ids ?? [])];
  }

  /**
   * Ends the reception with the problem upload_cancelled, and waits until nothing of the file is left.
   *
   * @returns false if the file was acknowledged before
   */
  async cancel(): Promise<boolean> {
    const { uploadId } = this.#file;
    const { aborted: isCancelled } = this.#cancellation.signal;
    this.#cancellation.abort(new Problem('upload_cancelled', `Upload ${uploadId} was cancelled.`));
    if (this.#again && !isCancelled) {
      // Nobody requests it by this ID, and its acknowledgement may be under way. The request is announced to this process as well.
      await this.#deps.catalog.requestCancel(this.#again.#file.uploadId);
      void this.#again.cancel();
    }
    return (await this.#ended.promise) === 'discarded';
  }

  async #receiveBytes(): Promise<void> {
    const { slots, reserve } = this.#deps;
    const { signal } = this.#cancellation;
    // A form may name its customer after the file: until then the file counts as its caller's.
    const releaseSlot = await slots.acquire(this.#registration.customerId ?? this.#file.caller, { signal });
    const interrupt = (): unknown => this.#source.bytes.destroy(signal.reason);
    signal.addEventListener('abort', interrupt);
    try {
      signal.throwIfAborted();
      await reserve.requireRoomFor(this.#file.expectedBytes ?? 0);
      if (!this.#source.access) await this.#registration.refuseFullQueue();
      await this.#writeSegments();
    } finally {
      signal.removeEventListener('abort', interrupt);
      releaseSlot();
      this.#allowance.release();
    }
  }

  async #writeSegments(): Promise<void> {
    const { maxUploadBytes, idleMs } = this.#deps.limits;
    const { contentEncoding, retryOf, cutAgain, uploadId, expectedBytes, isResumable } = this.#file;
    // Text that was decoded may be longer than the file that was sent.
    const maxBytes = retryOf || cutAgain ? Number.POSITIVE_INFINITY : maxUploadBytes;
    for await (const chunk of decompressed(this.#source.bytes, contentEncoding, maxBytes, idleMs)) {
      this.#bytes += chunk.length;
      // All bytes of a resumable file have been received before.
      this.#deps.progress.received(uploadId, (isResumable && expectedBytes) || this.#bytes);
      this.#hash.update(chunk);
      await this.#allowance.take(chunk.length);
      await this.#push(chunk);
      freeMemory(chunk);
    }
    // Before a short file is examined, so that all options of the form count.
    if (!this.#text) await this.#complete();
    const text = this.#text ?? (await this.#begin(true));
    await text.end();
  }

  /** Reads the fields after the file, once. @returns null if there are none, or they were read before */
  async #complete(): Promise<LateFields | null> {
    const { rest } = this.#source;
    if (!rest || this.#isComplete) return null;
    this.#isComplete = true;
    const late = await this.#unlessCancelled(rest());
    const before = this.#registration.options;
    const { corrects } = this.#file;
    this.#file = { ...this.#file, options: late.options, corrects: late.corrects };
    await this.#registration.complete(this.#file, late.access);
    const { options, hasRow } = this.#registration;
    const changesRow = hasRow && !(late.corrects === corrects && isDeepStrictEqual(options, before));
    this.#isOutdated = this.#text !== null && (changesText(before, options, this.#text.detected) || changesRow);
    if (this.#text && !this.#isOutdated) this.#refuseOtherColumns(this.#text.columns);
    return late;
  }

  /** Receives the text again, under the options that came after the file, and discards what was done without them. */
  async #receiveAgain({ access }: LateFields): Promise<Upload> {
    if (!this.#text) throw new Error('a file is received again after its bytes have been received');
    const kept = { bytes: this.#bytes, sha256: this.#hash.digest('hex'), ...(await this.#text.makeDurable()) };
    await this.#deps.loader.abort(this.#file.uploadId);
    const release = await this.#deps.spool.hold({ id: this.#file.uploadId, file: kept });
    try {
      const { file, bytes } = textAgain(this.#deps.spool, this.#file, kept);
      this.#again = new FileReception(this.#deps, file, { bytes, access, causeOf: readFailureOf });
      this.#cancellation.signal.throwIfAborted();
      const upload = await this.#again.receive();
      // It is acknowledged, whatever becomes of this. Housekeeping removes what is left.
      await this.#discard(false).catch((error: Error) =>
        this.#deps.observe({ kind: 'background_failed', task: 'reception', error }),
      );
      return upload;
    } finally {
      release();
    }
  }

  async #push(chunk: Buffer): Promise<void> {
    if (this.#text) {
      if (await this.#text.push(chunk)) await this.#startLoading(this.#text);
    } else if (this.#head.push(chunk)) {
      await this.#begin(false);
    }
  }

  /** Examines the head, and begins the segments if it shows nothing that is wrong. */
  async #begin(isWhole: boolean): Promise<FileText> {
    const { cutAgain, uploadId } = this.#file;
    const options = { ...this.#registration.options, ...cutAgain?.options };
    const detected = this.#head.detect({ options, maxColumns: this.#deps.limits.maxColumns }, isWhole);
    // A delimiter that comes after the file may be why they differ.
    const mayChange = this.#source.rest && !this.#isComplete && options.delimiter === null;
    if (!mayChange) this.#refuseOtherColumns(detected.dialect.columns);
    this.#text = await FileText.create(this.#deps.spool, uploadId, detected);
    await this.#text.begin();
    return this.#text;
  }

  /** Has the complete segments loaded while the next ones arrive, if there is a load slot for them. */
  async #startLoading({ feed }: FileText): Promise<void> {
    this.#cancellation.signal.throwIfAborted();
    if (this.#isLoading || !this.#registration.mayLoadEarly) return;
    await this.#registration.createUpload();
    this.#isLoading = await this.#deps.loader.startEarly(this.#file.uploadId, feed);
  }

  async #acknowledge(): Promise<Upload> {
    this.#cancellation.signal.throwIfAborted();
    if (!this.#text) throw new Error('a file is acknowledged after its bytes have been received');
    const text = await this.#text.makeDurable();
    failpoint('segments_durable');
    await this.#registration.createUpload();
    // From here on, the catalog has what a request to cancel it can be noted at.
    this.#cancellation.signal.throwIfAborted();
    const received: ReceivedFile = {
      bytes: this.#bytes,
      sha256: this.#hash.digest('hex'),
      ...text,
      ...asSent(this.#file),
    };
    const { kind, upload } = await this.#registration.acknowledge(received);
    if (kind === 'repeated') {
      await this.#discard(false);
      return upload;
    }
    failpoint('acknowledged');
    this.#text.feed.end(received);
    this.#deps.loader.wake();
    this.#deps.observe({
      kind: 'upload_received',
      uploadId: upload.id,
      customerId: upload.customerId,
      bytes: received.bytes,
      records: received.records,
      ms: performance.now() - this.#startedAt,
    });
    return upload;
  }

  /** Removes everything of the file: first its rows, then its bytes, then its row in the catalog. */
  async #discard(isCancelled: boolean): Promise<void> {
    const { spool, loader, progress, observe } = this.#deps;
    const { uploadId } = this.#file;
    try {
      this.#text?.feed.fail(new Problem('upload_interrupted', 'The file did not arrive.'));
      await loader.abort(uploadId);
      await this.#text?.abandon();
      // A disk that fails here is no reason to answer the client with another problem.
      const failed = (error: Error): void => observe({ kind: 'background_failed', task: 'spool', error });
      await spool.remove({ id: uploadId, file: null }).catch(failed);
      await this.#registration.withdraw({ isCancelled });
      const { customerId } = this.#registration;
      if (isCancelled && customerId !== null) observe({ kind: 'upload_cancelled', uploadId, customerId });
    } finally {
      progress.ended(uploadId);
    }
  }

  /**
   * Whether the catalog has acknowledged the file although its answer was lost: then the file is loaded. As long as that is unknown,
   * its bytes stay, until housekeeping has asked the catalog.
   */
  async #wasAcknowledged(): Promise<boolean> {
    const { loader, progress } = this.#deps;
    const { uploadId } = this.#file;
    progress.stopReceiving(uploadId);
    await loader.abort(uploadId);
    this.#text?.feed.fail(new Problem('upload_interrupted', 'The catalog did not answer.'));
    // A file that stays open ends the process when its memory is freed.
    await this.#text?.abandon();
    const wasAcknowledged = await this.#registration.wasAcknowledged();
    if (wasAcknowledged) loader.wake();
    return wasAcknowledged;
  }

  async #noteRefusal(problem: Problem): Promise<void> {
    const { uploadId, isResumable = false } = this.#file;
    const { customerId, mayHaveRow } = this.#registration;
    const isShown = mayHaveRow || isResumable;
    if (customerId !== null) await this.#deps.refused.add(uploadId, customerId, problem, isShown);
    this.#deps.observe({ kind: 'upload_refused', uploadId, customerId, code: problem.code });
  }

  /** @throws Problem columns_differ, declared_type_conflict, upload_option_invalid, as far as the table is known */
  #refuseOtherColumns(columns: readonly string[]): void {
    matchColumns(columns, this.#registration.columns);
    refuseDeclarations(this.#registration.options.values.columns, columns, this.#registration.columns);
  }

  /** @throws Problem upload_cancelled as soon as the upload is cancelled, even if the promise stays pending */
  #unlessCancelled<T>(pending: Promise<T>): Promise<T> {
    const { signal } = this.#cancellation;
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const cancel = (): void => reject(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    return Promise.race([pending, cancelled]).finally(() => signal.removeEventListener('abort', cancel));
  }
}

/** The problem of a failure, as the client that sent the file gets it. */
function problemOf(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  const { statusCode = 500 } = cause as { readonly statusCode?: number };
  return statusCode < 500
    ? new Problem('bad_request', 'The request could not be read.')
    : new Problem('internal_error', 'An internal error stopped the upload.');
}
