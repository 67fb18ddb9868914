import type { Catalog } from '../../catalog/catalog.ts';
import type { NodeInstance } from '../../catalog/node.ts';
import type { Receptions } from '../receive/receptions.ts';
import type { ChunkFiles } from '../spool/chunk-files.ts';
import type { RejectFiles } from '../spool/reject-files.ts';
import type { Spool } from '../spool/spool.ts';

export interface UnneededFilesDeps {
  readonly catalog: Pick<Catalog, 'findUpload' | 'findResumable' | 'liveInstances'>;
  readonly instance: NodeInstance;
  readonly receptions: Pick<Receptions, 'ids'>;
  readonly spool: Pick<Spool, 'removeUnneeded'>;
  readonly rejectFiles: Pick<RejectFiles, 'removeUnneeded'>;
  readonly chunks: Pick<ChunkFiles, 'removeUnneeded'>;
}

/**
 * Removes what processes that died have left: segments of uploads that will not be loaded, rejected rows of uploads that no longer
 * exist, and chunks of resumable files that no longer exist. A file being received may have no entry in the catalog yet, so the segments
 * of another process that is running are only removed once their upload has ended. This process knows what it receives: the rest was left
 * because the catalog did not answer when it was to be discarded.
 */
export async function removeUnneededFiles(deps: UnneededFilesDeps): Promise<void> {
  const { catalog, spool, rejectFiles, chunks, instance: own, receptions } = deps;
  const isRunning = async (instance: string): Promise<boolean> => (await catalog.liveInstances()).has(instance);
  await spool.removeUnneeded(async ({ uploadId, instance }) => {
    // It is received into the same folder again, and may be acknowledged at any moment.
    if (instance === own.instanceId && (await catalog.findResumable(uploadId))) return true;
    // In this order: what a process has received is not acknowledged once it is dead, but may have been until then.
    const mayAppear = instance === own.instanceId ? receptions.ids.includes(uploadId) : await isRunning(instance);
    const upload = await catalog.findUpload(uploadId);
    if (upload === null) return mayAppear;
    return upload.finishedAt === null || upload.retryUntil !== null;
  });
  await rejectFiles.removeUnneeded(async (id) => (await catalog.findUpload(id)) !== null, isRunning);
  await chunks.removeUnneeded(async (id) => (await catalog.findResumable(id)) !== null);
}
