import type { Readable } from 'node:stream';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import { uploadNotFound } from '../../model/not-found.ts';
import type { ProgressBoard } from '../progress.ts';
import { fastEnough, LEAST_RATE, neverIdle } from '../receive/minimum-rate.ts';
import type { ReceiveSlots } from '../receive/receive-slots.ts';
import type { IncomingFile, Reception } from '../receive/reception.ts';
import { receiveAll } from '../receive/retry.ts';
import type { Checksum } from './append-chunk.ts';
import { type ResumableFile, ResumableFiles, type ResumableFilesDeps } from './resumable-files.ts';

export interface ResumableUploadsDeps extends ResumableFilesDeps {
  readonly catalog: Pick<Catalog, 'findUpload'>;
  readonly observe: Observe;
  readonly progress: ProgressBoard;
  readonly receiveSlots: ReceiveSlots;
  /** How long the next byte of a file may be waited for. */
  readonly idleMs: number;
  /** How long after its last byte came a file may become whole. */
  readonly resumeMs: number;
  readonly receive: (file: IncomingFile) => Reception;
  /** The leave that a file's sender had when it began. */
  readonly accessToFinish: (file: ResumableFile) => CustomerAccess;
}

/** Files that come in several requests, from the first to the upload that they become, once. */
export class ResumableUploads {
  readonly #deps: ResumableUploadsDeps;
  readonly #files: ResumableFiles;
  readonly #finishing = new Map<UploadId, Promise<Upload>>();
  readonly #reading = new Set<Readable>();
  #stopped = false;

  constructor(deps: ResumableUploadsDeps) {
    this.#deps = deps;
    this.#files = new ResumableFiles(deps);
  }

  get resumeMs(): number {
    return this.#deps.resumeMs;
  }

  /** Before anything else is asked. */
  async open(): Promise<void> {
    await this.#files.open();
    await this.expire();
  }

  /** @throws Problem disk_full, too_many_uploads */
  async begin(file: ResumableFile): Promise<void> {
    await this.#files.create(file);
  }

  /** A file that is not an upload yet, and how much of it has come. */
  async find(id: UploadId): Promise<(ResumableFile & { readonly received: number; readonly changedAt: Date }) | null> {
    const file = await this.#files.find(id);
    const received = file && (await this.#files.received(id));
    return received && { ...file, received: received.bytes, changedAt: received.changedAt };
  }

  /** The same, as an upload that is being received. */
  async uploadOf(id: UploadId): Promise<Upload | null> {
    const file = await this.find(id);
    if (!file) return null;
    if (!this.#finishing.has(id)) this.#deps.progress.received(id, file.received);
    const { customerId, filename, options, corrects } = file;
    return { ...RECEIVING, id, customerId, filename, options, corrects, createdAt: new Date(file.createdAt) };
  }

  /**
   * Appends the next bytes of a file, as fast as they come, once there is a place for them.
   *
   * @returns how many there are now
   * @throws Problem checksum_mismatch, disk_full, server_busy, upload_too_slow, upload_cancelled
   */
  async append(file: ResumableFile, offset: number, source: Readable, checksum: Checksum | null): Promise<number> {
    const { receiveSlots, progress, idleMs } = this.#deps;
    const releaseSlot = await receiveSlots.take(file.customerId);
    try {
      const bytes = fastEnough(neverIdle(source, idleMs), LEAST_RATE);
      const onBytes = (received: number): void => progress.received(file.id, received);
      const received = await this.#files.append(file.id, offset, { bytes, checksum, onBytes }, source);
      failpoint('chunk_appended');
      return received;
    } finally {
      releaseSlot();
      if (!(await this.#files.received(file.id))) progress.forget(file.id);
    }
  }

  /**
   * Makes a whole file an upload, like one that came at once. Asked again, also after a crash, it gives the same upload.
   *
   * @throws Problem whatever a file can be refused with; it is then forgotten, unless it may be taken later.
   *   upload_not_found where it was removed meanwhile
   */
  finish(id: UploadId): Promise<Upload> {
    const underWay = this.#finishing.get(id);
    if (underWay) return underWay;
    const finishing = this.#finish(id).finally(() => this.#finishing.delete(id));
    this.#finishing.set(id, finishing);
    return finishing;
  }

  async #finish(id: UploadId): Promise<Upload> {
    const { catalog, receive, accessToFinish } = this.#deps;
    // The upload has the file's id, so that it is in the catalog once.
    const earlier = await catalog.findUpload(id);
    if (earlier && earlier.status !== 'receiving') {
      await this.#files.remove(id);
      return earlier;
    }
    const file = await this.#files.find(id);
    if (!file) throw uploadNotFound(id);
    if (this.#stopped) throw stopping();
    const { filename, options, corrects, length: expectedBytes } = file;
    failpoint('resumable_finishing');
    const bytes = this.#files.read(id);
    this.#reading.add(bytes);
    try {
      const incoming = { uploadId: id, filename, options, corrects, expectedBytes, contentEncoding: null };
      const reception = receive({ ...incoming, idempotencyKey: null, retryOf: null });
      const upload = await receiveAll(reception, accessToFinish(file), bytes);
      failpoint('resumable_acknowledged');
      await this.#files.remove(id);
      return upload;
    } catch (caught) {
      // A reception takes it for a connection that ended; here it is the disk that cannot be read.
      const unread = bytes.errored instanceof Problem ? null : bytes.errored;
      const error = unread ?? caught;
      // Nor is it kept for ever where there is never room: its bytes may be what takes it.
      const isKept = !(error instanceof Problem) || (mayBeTakenLater(error) && !(await this.#isLate(id)));
      if (!isKept) await this.#files.remove(id);
      throw error;
    } finally {
      this.#reading.delete(bytes);
      bytes.destroy();
    }
  }

  /** Finishes files that are whole, whose senders may never ask again: after a crash, or where there was no room for them. */
  async finishWhole(): Promise<void> {
    for (const id of this.#files.ids) {
      const file = await this.find(id);
      if (this.#stopped) return;
      if (!file || file.received < file.length) continue;
      await this.finish(id).catch((error: Error) => {
        // Who began it is told by whatever it asks next; that it was refused has been observed.
        if (!(error instanceof Problem)) this.#deps.observe({ kind: 'background_failed', task: 'resume', error });
      });
    }
  }

  /** Forgets a file that is not an upload yet. @returns whether there was one */
  async giveUp(id: UploadId): Promise<boolean> {
    const wasThere = await this.#files.remove(id);
    if (wasThere) this.#deps.progress.forget(id);
    return wasThere;
  }

  /** Removes files of which nothing came for too long, and that are not whole. */
  async expire(): Promise<void> {
    for (const id of this.#files.ids) {
      const file = await this.find(id);
      if (!file || file.received === file.length || this.#files.isIncoming(id)) continue;
      if (await this.#isLate(id)) await this.giveUp(id);
    }
  }

  /** Whether nothing has come of it for as long as it is kept. */
  async #isLate(id: UploadId): Promise<boolean> {
    const received = await this.#files.received(id);
    return received !== null && received.changedAt.getTime() + this.resumeMs <= Date.now();
  }

  /** Removes all files of a customer. */
  async removeOf(customerId: CustomerId): Promise<void> {
    for (const id of this.#files.idsOf(customerId)) await this.giveUp(id);
  }

  /** Ends what is being made an upload: it is begun anew at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const bytes of this.#reading) bytes.destroy(stopping());
    await Promise.allSettled(this.#finishing.values());
  }
}

const RECEIVING = {
  status: 'receiving',
  idempotencyKey: null,
  retryOf: null,
  correctedBy: null,
  duplicateOf: null,
  file: null,
  receipt: null,
  error: null,
  attempts: 0,
  engineDeaths: 0,
  receivedAt: null,
  finishedAt: null,
  retryUntil: null,
} as const satisfies Partial<Upload>;

function stopping(): Problem {
  return new Problem('shutting_down', 'Thena is stopping.');
}

/** What is the server's state, not the file's. */
function mayBeTakenLater({ status }: Problem): boolean {
  return status === 429 || status >= 500;
}
