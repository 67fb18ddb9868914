import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Customer } from '../../catalog/customer.ts';
import type { ReceivedFile, Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { UploadId } from '../../model/ids.ts';
import type { RoomOnDisk } from '../spool/disk-reserve.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import { decompressed } from './decompress.ts';
import { duplicateOf, refuseNotCorrectable, refuseOtherUse } from './earlier-upload.ts';
import { FileText } from './file-text.ts';
import { freeMemory } from './free-memory.ts';
import { namesInTable } from './names-in-table.ts';
import { queueFull, refuseFullQueue } from './queue-room.ts';
import type { IncomingFile, Reception, ReceptionDeps } from './reception.ts';
import { refusalOf } from './refused-uploads.ts';

/** One file from its first byte to the acknowledgement. */
export class FileReception implements Reception {
  readonly #deps: ReceptionDeps;
  readonly #incoming: IncomingFile;
  readonly #startedAt = performance.now();
  readonly #hash = createHash('sha256');
  readonly #text: FileText;
  #bytes = 0;
  #access: CustomerAccess | null = null;
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
  #releaseSlot: () => void = () => undefined;
  readonly #room: RoomOnDisk;

  constructor(deps: ReceptionDeps, incoming: IncomingFile) {
    this.#deps = deps;
    this.#incoming = incoming;
    this.#room = deps.reserve.room();
    this.#text = new FileText(
      {
        ...deps,
        refuseOtherColumns: (columns) => this.#refuseOtherColumns(columns),
        onSegments: (feed) => this.#runAhead(feed),
      },
      incoming,
    );
  }

  get uploadId(): UploadId {
    return this.#incoming.uploadId;
  }

  async bind(access: CustomerAccess): Promise<void> {
    this.#access = access;
    const { catalog } = this.#deps;
    const { idempotencyKey, corrects } = this.#incoming;
    if (idempotencyKey !== null) {
      // The file is read all the same: only its digest tells whether it is the same one.
      this.#mayRunAhead = (await catalog.findByIdempotencyKey(access.customerId, idempotencyKey)) === null;
    }
    // Before its bytes are read. Others may come meanwhile: what counts is the count at the acknowledgement.
    if (this.#mayRunAhead) await refuseFullQueue(this.#deps, access.customerId, this.#incoming.expectedBytes ?? 0);
    if (corrects) await refuseNotCorrectable(catalog, access, corrects);
    this.#customer = await catalog.findCustomer(access.customerId);
    if (this.#text.columns) this.#refuseOtherColumns(this.#text.columns);
  }

  async write(input: Readable): Promise<void> {
    // A form may name its customer after the file: then the caller's own is held to account for it.
    this.#releaseSlot = await this.#deps.receiveSlots.acquire(
      this.#access?.customerId ?? this.#incoming.caller ?? null,
    );
    try {
      await this.#receive(input);
    } finally {
      this.#releaseSlot();
      this.#room.giveBack();
    }
  }

  async #receive(input: Readable): Promise<void> {
    const { maxUploadBytes, idleMs, reserve, progress } = this.#deps;
    const { contentEncoding, expectedBytes } = this.#incoming;
    this.#refuseCancelled();
    this.#input = input;
    await reserve.refuseBeyond(expectedBytes ?? 0);
    if (!this.#access) await refuseFullQueue(this.#deps, null, expectedBytes ?? 0);
    for await (const chunk of decompressed(input, contentEncoding, maxUploadBytes, idleMs)) {
      this.#bytes += chunk.length;
      progress.received(this.uploadId, this.#bytes);
      this.#hash.update(chunk);
      await this.#room.take(chunk.length);
      await this.#text.push(chunk);
      freeMemory(chunk);
    }
    await this.#text.end();
  }

  async acknowledge(): Promise<Upload> {
    const { catalog, loader, observe } = this.#deps;
    this.#refuseCancelled();
    if (!this.#access) throw new Error('a file is acknowledged when it has a customer');
    const text = await this.#text.durable();
    failpoint('segments_durable');
    await this.#register(this.#access);
    const { retryOf, options, corrects } = this.#incoming;
    const file: ReceivedFile = { bytes: this.#bytes, sha256: this.#hash.digest('hex'), ...text, ...asSent(retryOf) };
    const received = await catalog.markReceived(this.uploadId, file, this.#deps);
    if (received.kind === 'queue_full') throw queueFull(received.limit, this.#access.customerId, this.#deps);
    if (received.kind === 'duplicate') throw duplicateOf(received.earlier);
    if (received.kind === 'key_used') {
      refuseOtherUse(received.earlier, file, { options, corrects: corrects ?? null });
      await this.#forgetOnce();
      return received.earlier;
    }
    this.#acknowledged = true;
    failpoint('acknowledged');
    this.#deps.onClosed(this.uploadId);
    this.#text.feed?.end(file);
    loader.kick();
    observe({
      kind: 'upload_received',
      uploadId: this.uploadId,
      customerId: this.#access.customerId,
      bytes: file.bytes,
      records: file.records,
      ms: performance.now() - this.#startedAt,
    });
    return received.upload;
  }

  abandon(reason?: unknown): Promise<void> {
    if (this.#acknowledged) return Promise.resolve();
    if (!this.#abandoned) this.#deps.onRefused(this.uploadId, this.#access, refusalOf(reason));
    return this.#forgetOnce();
  }

  #forgetOnce(): Promise<void> {
    this.#abandoned ??= this.#forget();
    return this.#abandoned;
  }

  async cancel(): Promise<void> {
    if (this.#acknowledged) return;
    this.#cancelled = true;
    this.#input?.destroy(cancelled(this.uploadId));
    await this.#forgetOnce();
  }

  #refuseCancelled(): void {
    if (this.#cancelled) throw cancelled(this.uploadId);
  }

  async #forget(): Promise<void> {
    try {
      await this.#forgetAll();
    } finally {
      this.#deps.onClosed(this.uploadId);
    }
  }

  async #forgetAll(): Promise<void> {
    const { catalog, spool, loader, observe } = this.#deps;
    this.#releaseSlot();
    this.#room.giveBack();
    this.#deps.progress.forget(this.uploadId);
    this.#text.feed?.fail(new Problem('upload_interrupted', 'The file did not arrive.'));
    await loader.abort(this.uploadId);
    await this.#text.abandon();
    // No failure of the sender's: what he is told is why the file was not taken.
    const failed = (error: Error): void => observe({ kind: 'background_failed', task: 'spool', error });
    await spool.remove(this.uploadId).catch(failed);
    if (!this.#registered) return;
    if (this.#cancelled) await catalog.cancelUpload(this.uploadId);
    else await catalog.deleteUpload(this.uploadId);
  }

  #refuseOtherColumns(columns: readonly string[]): void {
    namesInTable(columns, this.#customer?.table?.columns ?? this.#customer?.declaredColumns ?? null);
  }

  /** Lets the loader have the segments that are complete, while the next ones arrive. */
  async #runAhead(feed: SegmentFeed): Promise<void> {
    this.#refuseCancelled();
    if (this.#loading || !this.#mayRunAhead || !this.#access) return;
    await this.#register(this.#access);
    this.#loading = await this.#deps.loader.startEarly(this.uploadId, feed);
  }

  /** Tells the catalog that the bytes of an upload are arriving. */
  async #register({ customerId, customerMayAppear }: CustomerAccess): Promise<void> {
    if (this.#registered) return;
    const { filename, options, idempotencyKey, retryOf, corrects } = this.#incoming;
    await this.#deps.catalog.createUpload({
      id: this.uploadId,
      customerId,
      filename,
      options,
      idempotencyKey,
      retryOf: retryOf?.id ?? null,
      corrects: corrects ?? null,
      // One that was there is gone for a reason: it does not come back with a file that was sent before.
      customerMayAppear: customerMayAppear && this.#customer === null,
    });
    this.#registered = true;
    failpoint('registered');
  }
}

/** Of a retry the bytes are not those of the file: its figures are. */
function asSent(retryOf: IncomingFile['retryOf']): Partial<ReceivedFile> {
  if (!retryOf) return {};
  const { id: _, ...figures } = retryOf;
  return { ...figures, origin: null };
}

function cancelled(uploadId: UploadId): Problem {
  return new Problem('upload_cancelled', `Upload ${uploadId} was cancelled while it was being received.`);
}
