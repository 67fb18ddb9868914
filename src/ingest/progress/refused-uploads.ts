import type { Catalog } from '../../catalog/catalog.ts';
import { isErrorCode, Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';

/** A client that follows an upload learns of its end within a second; this many refusals are enough for that time. */
const MAX_UPLOADS = 1_000;
/** How long other processes find a refusal. */
const KEEP_MS = 60_000;

export interface RefusedUploadsDeps {
  readonly catalog: Pick<Catalog, 'isShared' | 'addRefusal' | 'findRefusal'>;
  readonly observe: Observe;
}

/**
 * Why uploads were refused before they were acknowledged. They are not among the uploads of the catalog, so that clients that follow one
 * get the reason from here: only the latest, in memory, and in a catalog that others use for a minute.
 */
export class RefusedUploads {
  readonly #deps: RefusedUploadsDeps;
  readonly #latest = new Map<UploadId, { readonly customerId: CustomerId; readonly problem: Problem }>();

  constructor(deps: RefusedUploadsDeps) {
    this.#deps = deps;
  }

  /**
   * To be called before the upload is removed from the catalog.
   *
   * @param isShown whether clients of other processes can have seen the upload, in the catalog
   */
  async add(uploadId: UploadId, customerId: CustomerId, problem: Problem, isShown: boolean): Promise<void> {
    this.#latest.set(uploadId, { customerId, problem });
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > MAX_UPLOADS && oldest) this.#latest.delete(oldest);
    const { catalog, observe } = this.#deps;
    if (!catalog.isShared || !isShown) return;
    const { code, detail, extra } = problem;
    await catalog
      .addRefusal({ uploadId, customerId, error: { code, detail, extra }, keepMs: KEEP_MS })
      // The client that sent the file gets the problem in any case.
      .catch((error: Error) => observe({ kind: 'background_failed', task: 'refusals', error }));
  }

  /** @returns null if the customer's upload was not refused, or too long ago */
  async problemOf(customerId: CustomerId, uploadId: UploadId): Promise<Problem | null> {
    const refused = this.#latest.get(uploadId);
    if (refused) return refused.customerId === customerId ? refused.problem : null;
    const { catalog } = this.#deps;
    const error = catalog.isShared ? await catalog.findRefusal(customerId, uploadId) : null;
    // Another version of Thena may have refused it.
    return error && isErrorCode(error.code) ? new Problem(error.code, error.detail, error.extra) : null;
  }
}
