import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../../catalog/catalog.ts';
import type { PartialFile, ResumableFile } from '../../catalog/resumable-file.ts';
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
import { cancelledUpload, type ResumableFiles } from './resumable-files.ts';

export interface ResumableUploadsDeps {
  readonly files: ResumableFiles;
  readonly catalog: Pick<
    Catalog,
    'findUpload' | 'findCustomer' | 'news' | 'resumables' | 'claimResumable' | 'releaseResumable'
  >;
  /** The process. */
  readonly instanceId: string;
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

/** How long a process keeps the right to make a file an upload without renewing it. */
const LEASE_MS = 30_000;
/** How long a request waits for another process that is making its file an upload. */
const OTHER_PROCESS_MS = 30_000;
const POLL_MS = 250;

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

  /** @throws Problem disk_full, too_many_uploads */
  async begin(file: ResumableFile): Promise<void> {
    await this.#files.create(file);
    this.#announce('upload_changed', file);
  }

  /** @returns a file that is no upload yet, and how much of it has arrived */
  find(id: UploadId): Promise<PartialFile | null> {
    return this.#files.find(id);
  }

  /** Files of a customer that are no uploads yet. */
  idsOf(customerId: CustomerId): Promise<readonly UploadId[]> {
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
      const file = await this.#files.find(id);
      if (file) progress.received(id, file.received);
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
    const finishing = this.#finishOnce(id).finally(() => this.#finishing.delete(id));
    this.#finishing.set(id, finishing);
    return finishing;
  }

  /** Waits while another process is making it an upload. @throws Problem upload_locked */
  async #finishOnce(id: UploadId): Promise<Upload> {
    const { catalog, instanceId } = this.#deps;
    const lease = { id, owner: instanceId, leaseMs: LEASE_MS };
    for (const until = performance.now() + OTHER_PROCESS_MS; ; await sleep(POLL_MS)) {
      // The upload has the id of the file, so that the catalog holds it once.
      const earlier = await catalog.findUpload(id);
      if (earlier && earlier.status !== 'receiving') {
        await this.#removeFinished(id);
        return earlier;
      }
      const file = await this.#files.find(id);
      if (!file) throw uploadNotFound(id);
      if (this.#isStopped) throw stopping();
      // If the process that was receiving it has died, its entry is removed first.
      if (earlier === null && (await catalog.claimResumable(lease))) return this.#finishClaimed(file, lease);
      if (performance.now() > until) {
        throw new Problem('upload_locked', `Another node is making the file of upload ${id} an upload.`);
      }
    }
  }

  async #finishClaimed(file: PartialFile, lease: Parameters<Catalog['claimResumable']>[0]): Promise<Upload> {
    const { catalog, observe } = this.#deps;
    const renewal = setInterval(() => {
      // If it is lost, the catalog still refuses a second upload with this id.
      catalog
        .claimResumable(lease)
        .catch((error: Error) => observe({ kind: 'background_failed', task: 'resume', error }));
    }, LEASE_MS / 3);
    try {
      return await this.#finish(file);
    } finally {
      clearInterval(renewal);
      await catalog
        .releaseResumable(file.id, lease.owner)
        .catch((error: Error) => observe({ kind: 'background_failed', task: 'resume', error }));
    }
  }

  async #finish(file: PartialFile): Promise<Upload> {
    const { id } = file;
    failpoint('resumable_finishing');
    try {
      const upload = await this.#receive(file);
      failpoint('resumable_acknowledged');
      await this.#removeFinished(id);
      return upload;
    } catch (error) {
      // Another process has removed it, with its bytes: it looks empty, or incomplete, or its ID is taken.
      if ((await this.find(id)) === null) return this.#finishedElsewhere(id, error);
      if (!(error instanceof Problem)) throw error;
      if (await this.#isKept(id, error)) throw notFinal(error);
      await this.#files.remove(id);
      this.#announce('upload_ended', file);
      throw error;
    }
  }

  /** Removes a file that has become an upload. If that fails, the upload is acknowledged even so, and housekeeping tries again. */
  async #removeFinished(id: UploadId): Promise<void> {
    await this.#files
      .remove(id)
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'resume', error }));
  }

  /** @returns the upload that another process has made of a removed file. @throws Problem upload_cancelled if there is none */
  async #finishedElsewhere(id: UploadId, cause: unknown): Promise<Upload> {
    const upload = await this.#deps.catalog.findUpload(id);
    if (upload === null || ['receiving', 'cancelled'].includes(upload.status)) throw cancelledUpload(id, cause);
    return upload;
  }

  async #isKept(id: UploadId, { code, status }: Problem): Promise<boolean> {
    // `cancel` removes the file itself.
    if (code === 'upload_cancelled') return true;
    if (code === 'upload_bytes_missing') return false;
    // These are about the state of the server. If there is never room for the file, its own bytes may be what takes the room.
    return (status === 429 || status >= 500) && ((await this.find(id))?.idleMs ?? 0) < this.resumeMs;
  }

  async #receive(file: ResumableFile): Promise<Upload> {
    const { receptions, accessToFinish } = this.#deps;
    const { id: uploadId, filename, options, corrects, length: expectedBytes } = file;
    const incoming = { uploadId, filename, options, corrects, expectedBytes, isResumable: true };
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
    for (const id of await this.#deps.catalog.resumables('whole')) {
      if (this.#isStopped) return;
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

  /** Files of which this process is receiving bytes. */
  get incoming(): readonly UploadId[] {
    return this.#files.incoming;
  }

  /** Ends the request that is sending bytes of a file, if this process has it: the file is being removed. */
  interrupt(id: UploadId): void {
    this.#files.interrupt(id);
  }

  /** How much of a file that is no upload yet has arrived in requests that have ended. */
  async bytesOf(id: UploadId): Promise<number> {
    return (await this.#files.find(id))?.received ?? 0;
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
    for (const id of await this.#deps.catalog.resumables({ idleForMs: this.resumeMs })) {
      const file = await this.find(id);
      if (!file || file.received === file.length || this.#files.isIncoming(id)) continue;
      await this.cancel(id);
    }
  }

  /** Interrupts the files that are being made uploads: they are finished after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const bytes of this.#reading) bytes.destroy(stopping());
    await Promise.allSettled(this.#finishing.values());
  }
}

/** The problem of a file that is kept. Clients of the protocol take any status below 500 for final, and their users would send it again. */
function notFinal(problem: Problem): Problem {
  if (problem.code !== 'too_many_uploads') return problem;
  const detail = `${problem.detail} The file is kept, and accepted as soon as there is room: do not send it again.`;
  return new Problem('queue_full', detail, problem.extra);
}

function stopping(): Problem {
  return new Problem('shutting_down', 'The server is shutting down.');
}
