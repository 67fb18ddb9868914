import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import type { Upload, UploadOptions } from '../catalog/upload.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import { reached } from '../failpoints.ts';
import type { Grant } from '../model/customer-access.ts';
import { newUploadId, type UploadId } from '../model/ids.ts';
import type { TableStore } from '../table-store/table-store.ts';
import { deleteCustomer } from './upkeep/delete-customer.ts';
import { DiskReserve } from './spool/disk-reserve.ts';
import { FileReception } from './receive/file-reception.ts';
import { Housekeeping } from './upkeep/housekeeping.ts';
import { Loader } from './load/loader.ts';
import { Places } from './receive/receive-slots.ts';
import { type Progress, ProgressBoard } from './progress.ts';
import type { IncomingFile, Reception } from './receive/reception.ts';
import { recover } from './upkeep/recovery.ts';
import { Refusals } from './receive/refused-uploads.ts';
import { Rejects } from './spool/rejected-rows.ts';
import type { ResumableFile } from './resumable/resumable-files.ts';
import { ResumableUploads } from './resumable/resumable-uploads.ts';
import { receiveAll, retryOf } from './receive/retry.ts';
import { Spool } from './spool/spool.ts';

/** What is known of a file before its first byte. */
export type OpenFile = Pick<
  IncomingFile,
  'filename' | 'contentEncoding' | 'expectedBytes' | 'options' | 'idempotencyKey' | 'mends' | 'caller'
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
  waitUntilEnded(grant: Grant, uploadId: UploadId, timeoutMs: number): Promise<Upload>;
  /** @returns null where the upload has ended */
  progressOf(upload: Upload): Progress | null;
  /**
   * Takes an upload back: before it is rows it is cancelled, afterwards undone. One that has ended otherwise, or was a dry
   * run, stays as it is.
   *
   * @throws Problem upload_not_found
   */
  takeBack(grant: Grant, uploadId: UploadId): Promise<Upload>;
  /**
   * Receives the bytes of a failed upload anew, as another upload.
   *
   * @throws Problem upload_not_found, upload_not_retryable, and whatever a file can be refused with
   */
  retry(grant: Grant, uploadId: UploadId, changes: Partial<UploadOptions>): Promise<Upload>;
  /** Deletes a customer with its table, uploads and keys. @throws Problem customer_busy while uploads have not ended */
  deleteCustomer(grant: Grant): Promise<void>;
  readonly rejects: Pick<Rejects, 'page' | 'csv'>;
  /** Files that come in several requests. */
  readonly resumable: ResumableUploads;
  /** Takes no more files, and ends the loads that are running: they are begun anew at the next start. */
  close(): Promise<void>;
}

export interface IngestPorts {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly engine: EngineClient;
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
  readonly grantToFinish: (file: ResumableFile) => Grant;
  readonly maxReceives: number;
  readonly maxWaitingUploads: number;
  readonly maxWaitingBytes: number;
  readonly idleMs: number;
  readonly diskReserveBytes: number;
}

/** How long who wants to send waits in line. */
const PLACE_WAIT_MS = 30_000;
/** How long to wait where an upload changed while it was being taken back. */
const TAKE_BACK_AGAIN_MS = 20;

/** How long files that were on their way may take to be forgotten when Thena stops. */
const CLOSING_MS = 2_000;

/** Uploads in one of these states change no more by themselves. */
const ENDED: ReadonlySet<Upload['status']> = new Set(['complete', 'failed', 'cancelled', 'undone']);

/**
 * The way of an upload. Its stations, each a file:
 *
 * - `file-reception.ts`: a place (`places.ts`) → bytes → decompressed (`decompress.ts`) → UTF-8, cut into whole records, into
 *   segments on disk (`file-text.ts`, `segment-writer.ts`, `spool.ts`) → registered in the catalog → acknowledged
 * - `loader.ts`: takes acknowledged uploads from the queue, under leases; large ones while they still arrive
 * - `attempt.ts`: segments → columns matched → types found → rows under a tag → counted → catalog commit
 * - `progress.ts`: how far it is, for who asks
 * - `resumable-files.ts`, `resumable-uploads.ts`: a file that comes in several requests → a reception, when it is whole
 * - `rejects.ts`: rows that could not become one, kept for who wants to mend them
 * - `retry.ts`: the bytes of a failed upload → a reception again
 * - `recovery.ts`: what a crash left behind, at start; `housekeeping.ts`: what is not needed any more, all the time
 */
export async function startIngest(ports: IngestPorts): Promise<Ingest> {
  const { catalog } = ports;
  const waiting = new Map<UploadId, Set<() => void>>();
  const spool = new Spool(ports.spoolDirectory);
  const rejects = new Rejects(ports.rejectsDirectory);
  const progress = new ProgressBoard();
  const places = new Places(ports.maxReceives, PLACE_WAIT_MS);
  const reserve = new DiskReserve(ports.spoolDirectory, ports.diskReserveBytes);
  const resumable = new ResumableUploads({
    ...ports,
    directory: ports.resumableDirectory,
    mostOfOne: ports.maxWaitingUploads,
    progress,
    places,
    reserve,
    receive: (file) => receive(file, ports.maxUploadBytes),
  });
  await recover({ ...ports, spool, rejects, resumable });
  const refusals = new Refusals();
  const receptions = new Map<UploadId, Reception>();
  let allClosed = Promise.withResolvers<void>();
  const loader = new Loader({
    ...ports,
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
  const housekeeping = new Housekeeping({ ...ports, spool, resumable });
  housekeeping.start();

  function wake(uploadId: UploadId): void {
    for (const waiter of waiting.get(uploadId) ?? []) waiter();
  }

  async function findUpload(uploadId: UploadId): Promise<Upload | null> {
    // In this order: a file is removed only once its upload is in the catalog.
    const pending = await resumable.uploadOf(uploadId);
    return (await catalog.findUpload(uploadId)) ?? pending;
  }

  async function find(grant: Grant, uploadId: UploadId): Promise<Upload> {
    const upload = await findUpload(uploadId);
    if (upload?.customerId === grant.customerId) return upload;
    throw new Problem('upload_not_found', `There is no upload ${uploadId}.`);
  }

  function receive(file: IncomingFile, maxUploadBytes: number): Reception {
    const { uploadId } = file;
    const onClosed = (id: UploadId): void => {
      receptions.delete(id);
      if (receptions.size === 0) allClosed.resolve();
    };
    const onRefused = (id: UploadId, grant: Grant | null, refusal: Problem): void => {
      if (grant) refusals.note(id, grant.customerId, refusal);
      const customerId = grant?.customerId ?? null;
      ports.observe({ kind: 'upload_refused', uploadId: id, customerId, code: refusal.code });
    };
    const reception = new FileReception(
      { ...ports, spool, loader, progress, places, reserve, maxUploadBytes, onClosed, onRefused },
      file,
    );
    receptions.set(uploadId, reception);
    return reception;
  }

  /** One step towards an upload's end, as it stands now: another may be needed where that has changed meanwhile. */
  async function takeBackOnce(upload: Upload): Promise<'taken back' | 'ended' | 'changed'> {
    const { id, customerId, status, options } = upload;
    switch (status) {
      case 'receiving':
      case 'received':
      case 'ingesting': {
        await receptions.get(id)?.cancel();
        await loader.cancel(id);
        const wasPending = await resumable.giveUp(id);
        if (!(await catalog.cancelUpload(id)) && !wasPending) return 'changed';
        reached('cancelled');
        await spool.remove(id);
        progress.forget(id);
        ports.observe({ kind: 'upload_cancelled', uploadId: id, customerId });
        return 'taken back';
      }
      case 'complete': {
        if (options.dryRun) return 'ended';
        if (!(await catalog.undoUpload(id))) return 'changed';
        reached('undone');
        ports.observe({ kind: 'upload_undone', uploadId: id, customerId });
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
    open: (file) => receive({ ...file, uploadId: newUploadId(), retryOf: null }, ports.maxUploadBytes),
    async takeBack(grant, uploadId) {
      for (;;) {
        const upload = await find(grant, uploadId);
        const outcome = await takeBackOnce(upload);
        if (outcome === 'changed') {
          await sleep(TAKE_BACK_AGAIN_MS);
          continue;
        }
        wake(uploadId);
        // Of a file that was not whole nothing is left.
        return (await findUpload(uploadId)) ?? { ...upload, status: 'cancelled', finishedAt: new Date() };
      }
    },
    async retry(grant, uploadId, changes) {
      const failed = await find(grant, uploadId);
      const { file, text } = retryOf(failed, spool, changes);
      // What was kept is text already: it may be longer than the file was.
      const upload = await receiveAll(
        receive({ ...file, uploadId: newUploadId() }, Number.POSITIVE_INFINITY),
        grant,
        text,
      );
      reached('retried');
      await catalog.endRetention(failed.id);
      await spool.remove(failed.id);
      return upload;
    },
    deleteCustomer: ({ customerId }) => deleteCustomer({ ...ports, spool, rejects, resumable }, customerId),
    async waitUntilEnded(grant, uploadId, timeoutMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wakers = waiting.get(uploadId) ?? new Set();
      waiting.set(uploadId, wakers.add(resolve));
      const timer = setTimeout(resolve, timeoutMs);
      try {
        // Asked only once it is waited for: an upload that ends in between wakes this.
        const upload = await find(grant, uploadId);
        if (ENDED.has(upload.status)) return upload;
        await promise;
        return await find(grant, uploadId);
      } catch (error) {
        throw refusals.of(grant.customerId, uploadId) ?? error;
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
