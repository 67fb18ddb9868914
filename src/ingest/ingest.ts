import type { Catalog } from '../catalog/catalog.ts';
import type { NodeProcess } from '../catalog/node.ts';
import type { Upload } from '../catalog/upload.ts';
import type { GivenOptions } from '../catalog/upload-options.ts';
import type { Config } from '../config.ts';
import type { CsvReader } from '../csv-reader/csv-reader.ts';
import type { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import { FairSemaphore } from '../fair-semaphore.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import { type CustomerId, newUploadId, type UploadId } from '../model/ids.ts';
import type { TableStore } from '../table-store/table-store.ts';
import { Loader } from './load/loader.ts';
import { type CancelUndoDeps, cancelOrUndo } from './manage/cancel-undo.ts';
import { CatalogWatch } from './manage/catalog-watch.ts';

import { retryUpload } from './manage/retry.ts';
import { type UploadWatch, UploadWatches } from './manage/upload-watches.ts';
import { Uploads } from './manage/uploads.ts';
import { type Preview, type PreviewRequest, previewFile } from './preview/preview-file.ts';
import { announcingCatalog } from './progress/announcing-catalog.ts';
import { type Progress, ProgressBoard } from './progress/progress-board.ts';
import { ProgressSaver } from './progress/progress-saver.ts';
import { RefusedUploads } from './progress/refused-uploads.ts';
import type { FileSource, IncomingFile } from './receive/incoming-file.ts';
import { createReceiveSlots } from './receive/receive-slots.ts';
import { Receptions } from './receive/receptions.ts';
import { ResumableFiles } from './resumable/resumable-files.ts';
import { ResumableUploads, type ResumableUploadsDeps } from './resumable/resumable-uploads.ts';
import { DiskReserve } from './spool/disk-reserve.ts';
import { RejectedRows } from './spool/rejected-rows.ts';
import type { SpoolPlace } from './spool/spool.ts';
import { deleteCustomer } from './upkeep/delete-customer.ts';
import { Heartbeat, type HeartbeatDeps } from './upkeep/heartbeat.ts';
import { Housekeeping } from './upkeep/housekeeping.ts';
import { recover } from './upkeep/recovery.ts';

export interface Ingest {
  /**
   * Receives one file. It is acknowledged when this returns; if it throws, nothing of the file is kept.
   *
   * @returns the upload; if its idempotency key was used for the same file before, that earlier upload
   * @throws Problem whatever a file can be refused with
   */
  receive(file: Omit<IncomingFile, 'uploadId' | 'retryOf'>, source: FileSource): Promise<Upload>;
  /** Reads the start of a file, and stores nothing. @throws Problem most of what a file can be refused with */
  preview(access: CustomerAccess, request: PreviewRequest): Promise<Preview>;
  /** Files that arrive in several requests. */
  readonly resumable: ResumableUploads;
  /** @returns an upload of the catalog, or a resumable file that is not whole */
  findUpload(uploadId: UploadId): Promise<Upload | null>;
  /**
   * Waits until the upload has ended, but at most `timeoutMs`, or until the signal aborts.
   *
   * @returns the upload as it is then; it may be returned earlier
   * @throws Problem upload_not_found if the customer has no such upload; the reason, if it was refused lately
   */
  waitUntilEnded(access: CustomerAccess, uploadId: UploadId, timeoutMs: number, signal?: AbortSignal): Promise<Upload>;
  /** Follows all uploads of a customer. @throws Problem too_many_streams */
  watch(access: CustomerAccess): UploadWatch;
  /** Follows one upload. */
  watchUpload(access: CustomerAccess, uploadId: UploadId): UploadWatch;
  /** The uploads of a customer that have not ended. */
  unfinishedUploads(access: CustomerAccess): Promise<readonly UploadId[]>;
  /** Why an upload was refused before it was acknowledged; null if it was not, or too long ago. */
  refusalOf(access: CustomerAccess, uploadId: UploadId): Promise<Problem | null>;
  /** @returns how far each upload is, in whatever process; null if it has ended */
  progressOf(uploads: readonly Upload[]): Promise<readonly (Progress | null)[]>;
  /**
   * Cancels an upload that is not committed yet, or undoes one that is. Uploads that ended otherwise and dry runs stay as they
   * are.
   *
   * @returns the upload afterwards
   * @throws Problem upload_not_found; key_lacks_right if the upload is committed, and the caller may not undo; cancel_pending if
   *   another process does not cancel it in time
   */
  cancelOrUndo(access: CustomerAccess, uploadId: UploadId): Promise<Upload>;
  /**
   * Receives the bytes of a failed upload again, as an upload of its own.
   *
   * @param changes the options that differ from those of the failed upload
   * @throws Problem upload_not_found, upload_not_retryable, and whatever a file can be refused with
   */
  retry(access: CustomerAccess, uploadId: UploadId, changes: GivenOptions): Promise<Upload>;
  readonly rejects: Pick<RejectedRows, 'columns' | 'page' | 'csv'>;
  /** Deletes a customer with its table, uploads and keys. @throws Problem customer_busy while it has unfinished uploads */
  deleteCustomer(access: CustomerAccess): Promise<void>;
  /** Accepts no more files, and interrupts the loads that are running: they start over at the next start. */
  close(): Promise<void>;
}

export interface IngestDeps
  extends Pick<ResumableUploadsDeps, 'accessToFinish'>,
    Pick<HeartbeatDeps, 'instance' | 'onEnd'>,
    Pick<CancelUndoDeps, 'holderMs'> {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly csvReader: CsvReader;
  readonly observe: Observe;
  readonly place: SpoolPlace;
  /** For other processes that are started as the same node. */
  readonly process?: NodeProcess | null;
  readonly settings: Pick<
    Config,
    | 'maxColumns'
    | 'maxUploadBytes'
    | 'maxReceives'
    | 'maxWaitingUploads'
    | 'maxWaitingBytes'
    | 'idleMs'
    | 'concurrentLoads'
    | 'maxRejectedRows'
    | 'retryMs'
    | 'resumeMs'
    | 'diskReserveBytes'
  >;
}

/** How long a file may wait for a receive slot. */
const SLOT_WAIT_MS = 30_000;

/**
 * From files to rows. The path of an upload leads through these rooms:
 *
 * 1. `receive/`: `file-reception.ts` receives a file: bytes → decompressed → UTF-8 → encoding, dialect and columns detected → cut
 *    into whole records → segments in the spool → durable → registered in the catalog → acknowledged (202).
 * 2. `load/`: `loader.ts` takes acknowledged uploads from the queue under a lease, and large ones while they still arrive. Each
 *    `attempt.ts` turns segments into rows: columns matched → types inferred → rows under an attempt tag → counted → committed in
 *    the catalog, which makes them visible.
 * 3. `resumable/`: a file that arrives in several requests is kept on disk until it is whole. Then it is received like any other.
 * 4. `upkeep/`: `recovery.ts` cleans up after a crash, at the start; `housekeeping.ts` frees what is no longer needed, and what nodes
 *    that died have left, all the time; `heartbeat.ts` shows other nodes that this one is alive.
 * 5. `preview/`: reads the start of a file as a load would, and stores nothing.
 * 6. `manage/`: finds, awaits, cancels, undoes and retries uploads.
 *
 * All of them use `spool/` (bytes on disk) and `progress/` (how far uploads are, and who waits for them). Imports point one way,
 * which the linter enforces: manage → upkeep → resumable | preview → receive → load → spool | progress.
 */
export async function startIngest(deps: IngestDeps): Promise<Ingest> {
  const { instance, tables, csvReader, observe, place, settings, accessToFinish, onEnd, holderMs, process } = deps;
  const { instanceId } = instance;
  const { maxColumns, maxUploadBytes, maxWaitingUploads, maxWaitingBytes, idleMs, resumeMs } = settings;

  const { spool, rejectFiles, chunks } = place;
  const rejects = new RejectedRows(rejectFiles);
  const reserve = new DiskReserve(place.diskFolder, settings.diskReserveBytes);
  const catalog = announcingCatalog(deps.catalog);
  const saver = new ProgressSaver({ catalog, observe });
  const progress = new ProgressBoard((id, counts) => {
    watches.changed(id, null);
    if (catalog.isShared) saver.changed(id, counts);
  });
  const refused = new RefusedUploads({ catalog, observe });

  const loader = new Loader({
    catalog,
    tables,
    csvReader,
    spool,
    rejectFiles,
    reserve,
    progress,
    observe,
    owner: instanceId,
    concurrentLoads: settings.concurrentLoads,
    maxRejectedRows: settings.maxRejectedRows,
    retryMs: settings.retryMs,
  });
  const slots = createReceiveSlots(settings.maxReceives, SLOT_WAIT_MS);
  const turns = new FairSemaphore<CustomerId>({ capacity: 1, share: 'all' });
  const limits = { maxColumns, maxUploadBytes, maxWaitingUploads, maxWaitingBytes, idleMs };
  const receiving = { catalog, spool, loader, slots, reserve, progress, refused, observe, limits, instanceId };
  const receptions = new Receptions(receiving);
  const files = new ResumableFiles({
    catalog,
    chunks,
    reserve,
    maxFilesOfCustomer: maxWaitingUploads,
  });
  const resumable = new ResumableUploads({
    files,
    catalog,
    instanceId,
    receptions,
    slots,
    progress,
    observe,
    idleMs,
    resumeMs,
    accessToFinish,
  });
  const upkeep = { catalog, tables, spool, rejectFiles, chunks, resumable, observe, instance, receptions };
  const housekeeping = new Housekeeping(upkeep);
  const uploads = new Uploads({ catalog, resumable, progress, refused });
  const watches = new UploadWatches(uploads, (error) => observe({ kind: 'background_failed', task: 'events', error }));
  const watch = new CatalogWatch({ catalog, receptions, loader, resumable, progress, saver, watches, observe });

  const heartbeat = new Heartbeat({ catalog, instance, observe, onDeath: () => housekeeping.sweep(), onEnd });

  await catalog.registerInstance(instance, !catalog.isShared, process);
  if (catalog.isShared) heartbeat.start();
  else await recover(upkeep);
  watch.start();
  loader.start();
  housekeeping.start();

  return {
    receive: (file, source) => receptions.receive({ ...file, uploadId: newUploadId(), retryOf: null }, source),
    preview: (access, request) => previewFile({ catalog, slots, turns, maxColumns, idleMs }, access, request),
    resumable,
    findUpload: (uploadId) => uploads.find(uploadId),
    waitUntilEnded: (...waiting) => uploads.waitUntilEnded(...waiting),
    progressOf: (each) => uploads.progressOf(each),
    watch: ({ customerId }) => watches.open(customerId),
    watchUpload: ({ customerId }, uploadId) => watches.openOne(customerId, uploadId),
    unfinishedUploads: (access) => uploads.unfinished(access),
    refusalOf: (access, uploadId) => uploads.refusalOf(access, uploadId),
    cancelOrUndo: (access, uploadId) =>
      cancelOrUndo(
        { uploads, catalog, receptions, resumable, loader, housekeeping, spool, progress, observe, holderMs },
        access,
        uploadId,
      ),
    retry: async (access, uploadId, changes) =>
      retryUpload({ catalog, spool, receptions, observe }, access, await uploads.get(access, uploadId), changes),
    rejects,
    deleteCustomer: ({ customerId }) => deleteCustomer(upkeep, customerId),
    async close() {
      watches.stop();
      await resumable.stop();
      await receptions.close();
      await housekeeping.stop();
      await loader.stop();
      saver.stop();
      await watch.stop();
      await heartbeat.stop();
      if (catalog.isShared) await catalog.removeInstance(instance);
    },
  };
}
