import type { Catalog } from '../../catalog/catalog.ts';
import type { NodeInstance } from '../../catalog/node.ts';
import type { Receptions } from '../receive/receptions.ts';
import type { Spool } from '../spool/spool.ts';

export interface EndedReceptionsDeps {
  readonly catalog: Pick<Catalog, 'receptionsOf' | 'deleteUpload' | 'findUpload' | 'findResumable'>;
  readonly instance: NodeInstance;
  readonly receptions: Pick<Receptions, 'ids'>;
  readonly spool: Pick<Spool, 'remove'>;
}

/**
 * Removes uploads that this process receives only according to the catalog, which did not answer when their reception ended. Otherwise
 * they would stay as long as the process runs: their customer could not be deleted, nor could a resumable file be received again.
 */
export async function removeEndedReceptions(deps: EndedReceptionsDeps): Promise<void> {
  const { catalog, instance, receptions, spool } = deps;
  for (const uploadId of await catalog.receptionsOf(instance)) {
    if (receptions.ids.includes(uploadId)) continue;
    await catalog.deleteUpload({ uploadId, receiver: instance.instanceId });
    // It is received into the same folder again, and may be acknowledged at any moment.
    if (await catalog.findResumable(uploadId)) continue;
    if (receptions.ids.includes(uploadId)) continue;
    // It may have been acknowledged before.
    if ((await catalog.findUpload(uploadId)) === null) await spool.remove({ id: uploadId, file: null });
  }
}
