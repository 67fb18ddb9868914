import type { Readable } from 'node:stream';
import type { Catalog } from '../../catalog/catalog.ts';
import { newUpload, type Upload } from '../../catalog/upload.ts';
import { completeOptions } from '../../catalog/upload-options.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import { uploadNotFound } from '../../model/not-found.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import { readFailureOf } from '../receive/incoming-file.ts';
import { fastEnough, MINIMUM_RATE, neverIdle } from '../receive/minimum-rate.ts';
import type { ReceiveSlots } from '../receive/receive-slots.ts';
import type { Receptions } from '../receive/receptions.ts';
import type { Checksum } from './append-chunk.ts';
import type { ResumableFile, ResumableFiles } from './resumable-files.ts';

export interface ResumableUploadsDeps {
  readonly files: ResumableFiles;
  readonly catalog: Pick<Catalog, 'findUpload' | 'findCustomer' | 'news'>;
  readonly receptions: Receptions;
  readonly slots: Pick<ReceiveSlots, 'acquire'>;
  readonly progress: ProgressBoard;
  readonly observe: Observe;
  /** How long to wait for the next bytes of a chunk. */
  readonly idleMs: number;
  /** How long after its last byte a file that is not whole is kept. */
  readonly resumeMs: number;
  /**
   * Returns the access that the client had when it created the file: the file may become whole when no request is there to bring
   * one. Passed in from above, since only `http/access/access.ts` may create a CustomerAccess.
   */
  readonly accessToFinish: (file: ResumableFile) => CustomerAccess;
}

/** Files that arrive in several requests: each becomes one upload, once, when it is whole. */
export class ResumableUploads {
  readonly #deps: ResumableUploadsDeps;
  readonly #files: ResumableFiles;
  readonly #finishing = new Map<UploadId, Promise<Upload>>();
  readonly #reading = new Set<Readable>();
  #isStopped = false;

  constructor(deps: ResumableUploadsDeps) {
    this.#deps = deps;
    this.#files = deps.files;
  }

  get resumeMs(): number {
    return this.#deps.resumeMs;
  }

  /** Call it before anything else. */
  async open(): Promise<void> {
    await this.#files.open();
    await this.expire();
  }

  /** @throws Problem disk_full, too_many_uploads */
  async begin(file: ResumableFile): Promise<void> {
    await this.#files.create(file);
    this.#announce('upload_changed', file);
  }

  /** @returns a file that is no upload yet, and how much of it has arrived */
  async find(id: UploadId): Promise<(ResumableFile & { readonly received: number; readonly changedAt: Date }) | null> {
    const file = await this.#files.find(id);
    const received = file && (await this.#files.received(id));
    return received && { ...file, received: received.bytes, changedAt: received.changedAt };
  }

  /** Files of a customer that are no uploads yet. */
  idsOf(customerId: CustomerId): readonly UploadId[] {
    return this.#files.idsOf(customerId);
  }

  /** @returns the file as an upload that is being received */
  async findUpload(id: UploadId): Promise<Upload | null> {
    const file = await this.find(id);
    if (!file) return null;
    const { customerId, keyId, filename, corrects } = file;
    const options = completeOptions(file.options, (await this.#deps.catalog.findCustomer(customerId))?.defaults);
    const createdAt = new Date(file.createdAt);
    const sent = { id, customerId, keyId, filename, options, corrects, createdAt };
    return newUpload({ ...sent, idempotencyKey: null, retryOf: null });
  }

  /**
   * Appends the next bytes of a file as they arrive, once there is a receive slot.
   *
   * @returns the new size of the file
   * @throws Problem checksum_mismatch, disk_full, server_busy, upload_too_slow, upload_cancelled, upload_not_found
   */
  async append({ id, customerId }: ResumableFile, offset: number, source: Readable, checksum: Checksum | null) {
    const { slots, progress } = this.#deps;
    const releaseSlot = await slots.acquire(customerId);
    try {
      // It may have been cancelled while it waited.
      if (!(await this.#files.find(id))) throw uploadNotFound(id);
      const bytes = this.#counted(id, offset, source);
      const received = await this.#files.append(id, offset, { bytes, checksum }, source);
      failpoint('chunk_appended');
      return received;
    } finally {
      releaseSlot();
      // Bytes may have been dropped, or the whole file.
      const received = await this.#files.received(id);
      if (received) progress.received(id, received.bytes);
      // The next chunk may come to another process. What is on disk is counted there.
      progress.stopReceiving(id);
    }
  }

  /** Passes bytes on, and shows on the board how many have been written. */
  async *#counted(id: UploadId, offset: number, source: Readable): AsyncGenerator<Buffer, void> {
    let received = offset;
    for await (const bytes of fastEnough(neverIdle(source, this.#deps.idleMs), MINIMUM_RATE)) {
      yield bytes;
      received += bytes.length;
      this.#deps.progress.received(id, received);
    }
  }

  /**
   * Makes a whole file an upload, like one that arrived in one request. If it is called again, even after a crash, it returns the
   * same upload.
   *
   * @throws Problem whatever a file can be refused with; the file is then removed, unless it may be accepted later.
   *   upload_not_found if it was removed in the meantime
   */
  finish(id: UploadId): Promise<Upload> {
    const running = this.#finishing.get(id);
    if (running) return running;
    const finishing = this.#finish(id).finally(() => this.#finishing.delete(id));
    this.#finishing.set(id, finishing);
    return finishing;
  }

  async #finish(id: UploadId): Promise<Upload> {
    // The upload has the id of the file, so that the catalog holds it once.
    const earlier = await this.#deps.catalog.findUpload(id);
    if (earlier && earlier.status !== 'receiving') {
      await this.#files.remove(id);
      return earlier;
    }
    const file = await this.#files.find(id);
    if (!file) throw uploadNotFound(id);
    if (this.#isStopped) throw stopping();
    failpoint('resumable_finishing');
    try {
      const upload = await this.#receive(file);
      failpoint('resumable_acknowledged');
      await this.#files.remove(id);
      return upload;
    } catch (error) {
      if (error instanceof Problem && !(await this.#isKept(id, error))) {
        await this.#files.remove(id);
        this.#announce('upload_ended', file);
      }
      throw error;
    }
  }

  async #isKept(id: UploadId, { code, status }: Problem): Promise<boolean> {
    // `cancel` removes the file itself.
    if (code === 'upload_cancelled') return true;
    // These are about the state of the server. If there is never room for the file, its own bytes may be what takes the room.
    return (status === 429 || status >= 500) && !(await this.#isExpired(id));
  }

  async #receive(file: ResumableFile): Promise<Upload> {
    const { receptions, accessToFinish } = this.#deps;
    const { id: uploadId, filename, options, corrects, length: expectedBytes } = file;
    const incoming = { uploadId, filename, options, corrects, expectedBytes };
    const bytes = this.#files.read(uploadId);
    this.#reading.add(bytes);
    try {
      return await receptions.receive(
        { ...incoming, contentEncoding: null, idempotencyKey: null, caller: null, retryOf: null },
        { bytes, access: accessToFinish(file), causeOf: readFailureOf },
      );
    } finally {
      this.#reading.delete(bytes);
      bytes.destroy();
    }
  }

  /** Finishes whole files whose clients may never ask again: after a crash, or because there was no room for them. */
  async finishWhole(): Promise<void> {
    for (const id of this.#files.ids) {
      const file = await this.find(id);
      if (this.#isStopped) return;
      if (!file || file.received < file.length) continue;
      await this.finish(id).catch((error: Error) => {
        // A refusal has been observed, and the client gets it with its next request.
        if (!(error instanceof Problem)) this.#deps.observe({ kind: 'background_failed', task: 'resume', error });
      });
    }
  }

  /** Removes a file that is no upload yet. @returns whether it existed */
  async cancel(id: UploadId): Promise<boolean> {
    const existed = await this.#files.remove(id);
    if (existed) this.#announce('upload_ended', { id, customerId: null });
    return existed;
  }

  /** Ends the request that is sending bytes of a file, if this process has it: the file is being removed. */
  interrupt(id: UploadId): void {
    this.#files.interrupt(id);
  }

  /** How much of a file that is no upload yet has arrived in requests that have ended. */
  async bytesOf(id: UploadId): Promise<number> {
    return (await this.#files.received(id))?.bytes ?? 0;
  }

  /** The catalog does not know these files, so that it announces nothing of them. */
  #announce(
    kind: 'upload_changed' | 'upload_ended',
    { id: uploadId, customerId }: { readonly id: UploadId; readonly customerId: CustomerId | null },
  ): void {
    this.#deps.catalog.news.publish({ kind, uploadId, customerId });
  }

  /** Removes files that are not whole and have received nothing for too long. */
  async expire(): Promise<void> {
    for (const id of this.#files.ids) {
      const file = await this.find(id);
      if (!file || file.received === file.length || this.#files.isIncoming(id)) continue;
      if (await this.#isExpired(id)) await this.cancel(id);
    }
  }

  async #isExpired(id: UploadId): Promise<boolean> {
    const received = await this.#files.received(id);
    return received !== null && received.changedAt.getTime() + this.resumeMs <= Date.now();
  }

  /** Interrupts the files that are being made uploads: they are finished after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const bytes of this.#reading) bytes.destroy(stopping());
    await Promise.allSettled(this.#finishing.values());
  }
}

function stopping(): Problem {
  return new Problem('shutting_down', 'The server is shutting down.');
}
