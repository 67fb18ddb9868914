import type { Catalog } from '../../catalog/catalog.ts';
import type { AttemptOutcome, AttemptTarget, Claim, CommitUpload } from '../../catalog/upload-queue.ts';
import type { Observe } from '../../events.ts';

/** How long a claim holds unless it is renewed. */
export const LEASE_MS = 30_000;

export interface LeaseDeps {
  readonly catalog: Pick<
    Catalog,
    'renewLease' | 'retag' | 'commitUpload' | 'endAttempt' | 'forgetTags' | 'uncommittedTags'
  >;
  readonly observe: Observe;
  /** The process that holds the leases. */
  readonly owner: string;
}

/** The lease has run out, and another process may have claimed the upload. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/**
 * The lease of one attempt. Its fencing token is the attempt tag: rows are written under it, and the catalog refuses every
 * change under a tag that is no longer the latest.
 */
export class Lease {
  readonly #deps: LeaseDeps;
  readonly #claim: Claim;
  #target: AttemptTarget;
  #renewal: NodeJS.Timeout | undefined;

  constructor(deps: LeaseDeps, claim: Claim) {
    this.#deps = deps;
    this.#claim = claim;
    this.#target = claim;
  }

  /** Where rows are written now. */
  get target(): AttemptTarget {
    return this.#target;
  }

  /** Renews the lease until `stop` is called. If it is lost, the attempt is aborted with the outcome `lost`. */
  keep(attempt: AbortController, lost: AttemptOutcome): void {
    const { catalog, observe } = this.#deps;
    this.#renewal = setInterval(() => {
      catalog
        .renewLease({ ...this.#holder(), leaseMs: LEASE_MS })
        .then((isHeld) => isHeld || attempt.abort(lost))
        .catch((error: Error) => observe({ kind: 'background_failed', task: 'lease', error }));
    }, LEASE_MS / 3);
  }

  stop(): void {
    clearInterval(this.#renewal);
  }

  /** Takes a new tag, for an attempt that starts over. The rows of the old tag must be gone. @throws LeaseLost */
  async changeTag(): Promise<void> {
    const target = await this.#deps.catalog.retag(this.#holder());
    if (target === 'lost') throw new LeaseLost();
    const old = this.#target;
    // Before the next await: from now on the lease is renewed under the new tag.
    this.#target = target;
    await this.#deps.catalog.forgetTags(this.#claim.customer.id, [old.tag]);
  }

  /** Commits the rows of the tag, which ends the lease. @throws LeaseLost */
  async commit(commit: Omit<CommitUpload, 'uploadId' | 'tag' | 'owner'>): Promise<void> {
    const committed = await this.#deps.catalog.commitUpload({ ...this.#holder(), ...commit });
    if (committed === 'lost') throw new LeaseLost();
  }

  /** Ends the attempt without rows, and with it the lease. */
  async end(outcome: AttemptOutcome): Promise<void> {
    await this.#deps.catalog.endAttempt({ ...this.#holder(), outcome });
  }

  /** Call it when the rows of the tag have been removed. If it is not called, housekeeping purges them. */
  async forgetTag(): Promise<void> {
    await this.#deps.catalog.forgetTags(this.#claim.customer.id, [this.#target.tag]);
  }

  #holder() {
    return { uploadId: this.#claim.upload.id, tag: this.#target.tag, owner: this.#deps.owner };
  }
}
