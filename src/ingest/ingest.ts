import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import type { Upload, UploadOptions } from '../catalog/upload.ts';
import type { CsvReader } from '../csv-reader/csv-reader.ts';
import type { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import { failpoint } from '../failpoints.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import { newUploadId, type UploadId } from '../model/ids.ts';
import { uploadNotFound } from '../model/not-found.ts';
import type { TableStore } from '../table-store/table-store.ts';
import { Loader } from './load/loader.ts';
import { type Progress, ProgressBoard } from './progress.ts';
import { FileReception } from './receive/file-reception.ts';
import { ReceiveSlots } from './receive/receive-slots.ts';
import type { IncomingFile, Reception } from './receive/reception.ts';
import { RefusedUploads } from './receive/refused-uploads.ts';
import { receiveAll, retryOf } from './receive/retry.ts';
import type { ResumableFile } from './resumable/resumable-files.ts';
import { ResumableUploads } from './resumable/resumable-uploads.ts';
import { DiskReserve } from './spool/disk-reserve.ts';
import { RejectedRows } from './spool/rejected-rows.ts';
import { Spool } from './spool/spool.ts';
import { deleteCustomer } from './upkeep/delete-customer.ts';
import { Housekeeping } from './upkeep/housekeeping.ts';
import { recover } from './upkeep/recovery.ts';

/** What is known of a file before its first byte. */
export type OpenFile = Pick<
  IncomingFile,
  'filename' | 'contentEncoding' | 'expectedBytes' | 'options' | 'idempotencyKey' | 'corrects' | 'caller'
>;

export interface Ingest {
  open(file: OpenFile): Reception;
  /** An upload of the catalog, or one whose file comes in several requests and is not whole. */
  findUpload(uploadId: UploadId): Promise<Upload | null>;
  /**
   * @returns the upload when it has ended, or as it stands after `timeoutMs`
   * @throws Problem upload_not_found where the customer has no such upload; what its sender was told, where it was refused
   *   lately
   */
  waitUntilEnded(access: CustomerAccess, uploadId: UploadId, timeoutMs: number): Promise<Upload>;
  /** @returns null where the upload has ended */
  progressOf(upload: Upload): Progress | null;
  /**
   * Takes an upload back: before it is rows it is cancelled, afterwards undone. One that has ended otherwise, or was a dry
   * run, stays as it is.
   *
   * @throws Problem upload_not_found
   */
  cancelOrUndo(access: CustomerAccess, uploadId: UploadId): Promise<Upload>;
  /**
   * Receives the bytes of a failed upload anew, as another upload.
   *
   * @throws Problem upload_not_found, upload_not_retryable, and whatever a file can be refused with
   */
  retry(access: CustomerAccess, uploadId: UploadId, changes: Partial<UploadOptions>): Promise<Upload>;
  /** Deletes a customer with its table, uploads and keys. @throws Problem customer_busy while uploads have not ended */
  deleteCustomer(access: CustomerAccess): Promise<void>;
  readonly rejects: Pick<RejectedRows, 'page' | 'csv'>;
  /** Files that come in several requests. */
  readonly resumable: ResumableUploads;
  /** Takes no more files, and ends the loads that are running: they are begun anew at the next start. */
  close(): Promise<void>;
}

export interface IngestDeps {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly csvReader: CsvReader;
  readonly observe: Observe;
  readonly spoolDirectory: string;
  readonly rejectsDirectory: string;
  readonly resumableDirectory: string;
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  readonly concurrentLoads: number;
  readonly retryMs: number;
  /** How long after its last byte came a resumable upload may become whole. */
  readonly resumeMs: number;
  readonly accessToFinish: (file: ResumableFile) => CustomerAccess;
  readonly maxReceives: number;
  readonly maxWaitingUploads: number;
  readonly maxWaitingBytes: number;
  readonly idleMs: number;
  readonly diskReserveBytes: number;
}

/** How long who wants to send waits in line. */
const PLACE_WAIT_MS = 30_000;
/** How long to wait where an upload changed while it was being taken back. */
const RETRY_MS = 20;

/** How long files that were on their way may take to be forgotten when Thena stops. */
const CLOSING_MS = 2_000;

/** Uploads in one of these states change no more by themselves. */
const ENDED: ReadonlySet<Upload['status']> = new Set(['complete', 'failed', 'cancelled', 'undone']);

/**
 * The way of an upload. Its stations, each a file:
 *
 * - `file-reception.ts`: a place (`receiveSlots.ts`) → bytes → decompressed (`decompress.ts`) → UTF-8, cut into whole records, into
 *   segments on disk (`file-text.ts`, `segment-writer.ts`, `spool.ts`) → registered in the catalog → acknowledged
 * - `loader.ts`: takes acknowledged uploads from the queue, under leases; large ones while they still arrive
 * - `attempt.ts`: segments → columns matched → types found → rows under a tag → counted → catalog commit
 * - `progress.ts`: how far it is, for who asks
 * - `resumable-files.ts`, `resumable-uploads.ts`: a file that comes in several requests → a reception, when it is whole
 * - `rejects.ts`: rows that could not become one, kept for who wants to mend them
 * - `retry.ts`: the bytes of a failed upload → a reception again
 * - `recovery.ts`: what a crash left behind, at start; `housekeeping.ts`: what is not needed any more, all the time
 */
export async function startIngest(deps: IngestDeps): Promise<Ingest> {
  const { catalog } = deps;
  const waiting = new Map<UploadId, Set<() => void>>();
  const spool = new Spool(deps.spoolDirectory);
  const rejects = new RejectedRows(deps.rejectsDirectory);
  const progress = new ProgressBoard();
  const receiveSlots = new ReceiveSlots(deps.maxReceives, PLACE_WAIT_MS);
  const reserve = new DiskReserve(deps.spoolDirectory, deps.diskReserveBytes);
  const resumable = new ResumableUploads({
    ...deps,
    directory: deps.resumableDirectory,
    mostOfOne: deps.maxWaitingUploads,
    progress,
    receiveSlots,
    reserve,
    receive: (file) => receive(file, deps.maxUploadBytes),
  });
  await recover({ ...deps, spool, rejects, resumable });
  const refusedUploads = new RefusedUploads();
  const receptions = new Map<UploadId, Reception>();
  let allClosed = Promise.withResolvers<void>();
  const loader = new Loader({
    ...deps,
    spool,
    rejects,
    reserve,
    progress,
    owner: newUploadId(),
    onEnded: (uploadId) => {
      progress.forget(uploadId);
      wake(uploadId);
    },
  });
  loader.start();
  const housekeeping = new Housekeeping({ ...deps, spool, resumable });
  housekeeping.start();

  function wake(uploadId: UploadId): void {
    for (const waiter of waiting.get(uploadId) ?? []) waiter();
  }

  async function findUpload(uploadId: UploadId): Promise<Upload | null> {
    // In this order: a file is removed only once its upload is in the catalog.
    const pending = await resumable.uploadOf(uploadId);
    return (await catalog.findUpload(uploadId)) ?? pending;
  }

  async function find(access: CustomerAccess, uploadId: UploadId): Promise<Upload> {
    const upload = await findUpload(uploadId);
    if (upload?.customerId === access.customerId) return upload;
    throw uploadNotFound(uploadId);
  }

  function receive(file: IncomingFile, maxUploadBytes: number): Reception {
    const { uploadId } = file;
    const onClosed = (id: UploadId): void => {
      receptions.delete(id);
      if (receptions.size === 0) allClosed.resolve();
    };
    const onRefused = (id: UploadId, access: CustomerAccess | null, refusal: Problem): void => {
      if (access) refusedUploads.note(id, access.customerId, refusal);
      const customerId = access?.customerId ?? null;
      deps.observe({ kind: 'upload_refused', uploadId: id, customerId, code: refusal.code });
    };
    const reception = new FileReception(
      { ...deps, spool, loader, progress, receiveSlots, reserve, maxUploadBytes, onClosed, onRefused },
      file,
    );
    receptions.set(uploadId, reception);
    return reception;
  }

  /** One step towards an upload's end, as it stands now: another may be needed where that has changed meanwhile. */
  async function cancelOrUndoOnce(upload: Upload): Promise<'taken back' | 'ended' | 'changed'> {
    const { id, customerId, status, options } = upload;
    switch (status) {
      case 'receiving':
      case 'received':
      case 'ingesting': {
        await receptions.get(id)?.cancel();
        await loader.cancel(id);
        const wasPending = await resumable.giveUp(id);
        if (!(await catalog.cancelUpload(id)) && !wasPending) return 'changed';
        failpoint('cancelled');
        await spool.remove(id);
        progress.forget(id);
        deps.observe({ kind: 'upload_cancelled', uploadId: id, customerId });
        return 'taken back';
      }
      case 'complete': {
        if (options.dryRun) return 'ended';
        if (!(await catalog.undoUpload(id))) return 'changed';
        failpoint('undone');
        deps.observe({ kind: 'upload_undone', uploadId: id, customerId });
        housekeeping.sweep();
        return 'taken back';
      }
      default:
        return 'ended';
    }
  }

  return {
    rejects,
    resumable,
    findUpload,
    progressOf: (upload) => progress.of(upload),
    open: (file) => receive({ ...file, uploadId: newUploadId(), retryOf: null }, deps.maxUploadBytes),
    async cancelOrUndo(access, uploadId) {
      for (;;) {
        const upload = await find(access, uploadId);
        const outcome = await cancelOrUndoOnce(upload);
        if (outcome === 'changed') {
          await sleep(RETRY_MS);
          continue;
        }
        wake(uploadId);
        // Of a file that was not whole nothing is left.
        return (await findUpload(uploadId)) ?? { ...upload, status: 'cancelled', finishedAt: new Date() };
      }
    },
    async retry(access, uploadId, changes) {
      const failed = await find(access, uploadId);
      const { file, text } = retryOf(failed, spool, changes);
      // What was kept is text already: it may be longer than the file was.
      const upload = await receiveAll(
        receive({ ...file, uploadId: newUploadId() }, Number.POSITIVE_INFINITY),
        access,
        text,
      );
      failpoint('retried');
      await catalog.endRetention(failed.id);
      await spool.remove(failed.id);
      return upload;
    },
    deleteCustomer: ({ customerId }) => deleteCustomer({ ...deps, spool, rejects, resumable }, customerId),
    async waitUntilEnded(access, uploadId, timeoutMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wakers = waiting.get(uploadId) ?? new Set();
      waiting.set(uploadId, wakers.add(resolve));
      const timer = setTimeout(resolve, timeoutMs);
      try {
        // Asked only once it is waited for: an upload that ends in between wakes this.
        const upload = await find(access, uploadId);
        if (ENDED.has(upload.status)) return upload;
        await promise;
        return await find(access, uploadId);
      } catch (error) {
        throw refusedUploads.of(access.customerId, uploadId) ?? error;
      } finally {
        clearTimeout(timer);
        wakers.delete(resolve);
        if (wakers.size === 0) waiting.delete(uploadId);
      }
    },
    async close() {
      await resumable.stop();
      // Their senders have been cut off: what they leave is cleared while there is a catalog to clear it from.
      allClosed = Promise.withResolvers<void>();
      if (receptions.size > 0) await Promise.race([allClosed.promise, sleep(CLOSING_MS, undefined, { ref: false })]);
      await housekeeping.stop();
      await loader.stop();
    },
  };
}
