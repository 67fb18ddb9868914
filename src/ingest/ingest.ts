import type { Catalog, Upload, UploadOptions } from '../catalog/catalog.ts';
import type { EngineClient } from '../engine/engine-client.ts';
import { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Grant } from '../table/grant.ts';
import { newUploadId, type UploadId } from '../table/ids.ts';
import type { TableStore } from '../table-store/table-store.ts';
import { Loader } from './loader.ts';
import { FileReception, type Reception } from './reception.ts';
import { recover } from './recovery.ts';
import { Spool } from './spool.ts';

export interface Ingest {
  open(file: {
    readonly filename: string | null;
    readonly contentEncoding: string | null;
    readonly options: UploadOptions;
  }): Reception;
  /**
   * @returns the upload when it has ended, or as it stands after `timeoutMs`
   * @throws Problem upload_not_found where the customer has no such upload
   */
  waitUntilEnded(grant: Grant, uploadId: UploadId, timeoutMs: number): Promise<Upload>;
  /** Takes no more files, and ends the loads that are running: they are begun anew at the next start. */
  close(): Promise<void>;
}

export interface IngestPorts {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly engine: EngineClient;
  readonly observe: Observe;
  readonly spoolDirectory: string;
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  readonly concurrentLoads: number;
}

/** Uploads in one of these states change no more by themselves. */
const ENDED: ReadonlySet<Upload['status']> = new Set(['complete', 'failed', 'cancelled', 'undone']);

/**
 * The way of an upload. Its stations, each a file:
 *
 * - `reception.ts`: bytes → decompressed (`decompress.ts`) → UTF-8 → cut into whole records → segments on disk
 *   (`segment-writer.ts`, `spool.ts`) → registered in the catalog → acknowledged
 * - `loader.ts`: takes acknowledged uploads from the queue, under leases; large ones while they still arrive
 * - `attempt.ts`: segments → columns matched → types found → rows under a tag → counted → catalog commit
 * - `recovery.ts`: what a crash left behind, at start
 */
export async function startIngest(ports: IngestPorts): Promise<Ingest> {
  const { catalog } = ports;
  const waiting = new Map<UploadId, Set<() => void>>();
  const spool = new Spool(ports.spoolDirectory);
  await recover({ ...ports, spool });
  const loader = new Loader({
    ...ports,
    spool,
    owner: newUploadId(),
    onEnded: (uploadId) => {
      for (const wake of waiting.get(uploadId) ?? []) wake();
    },
  });
  loader.start();

  async function find(grant: Grant, uploadId: UploadId): Promise<Upload> {
    const upload = await catalog.findUpload(uploadId);
    if (upload?.customerId === grant.customerId) return upload;
    throw new Problem('upload_not_found', `There is no upload ${uploadId}.`);
  }

  return {
    open: (file) => new FileReception({ ...ports, spool, loader }, { ...file, uploadId: newUploadId() }),
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
      } finally {
        clearTimeout(timer);
        wakers.delete(resolve);
        if (wakers.size === 0) waiting.delete(uploadId);
      }
    },
    close: () => loader.stop(),
  };
}
