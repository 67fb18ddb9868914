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
  /** When the lease was last known to be held. */
  #heldAt = now();

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
    const { observe } = this.#deps;
    this.#renewal = setInterval(() => {
      this.#renew()
        .then((isHeld) => isHeld || attempt.abort(lost))
        .catch((error: Error) => observe({ kind: 'background_failed', task: 'lease', error }));
    }, LEASE_MS / 3);
  }

  /**
   * To be awaited before rows are written. After a pause of the process, others may have taken over the upload and removed the rows of
   * this attempt: later ones would stay.
   *
   * @throws LeaseLost
   */
  async confirm(): Promise<void> {
    const { monotonic, wall } = now();
    // The monotonic clock may stand still while the machine is suspended, the other one may be set.
    const ms = Math.max(monotonic - this.#heldAt.monotonic, Math.abs(wall - this.#heldAt.wall));
    if (ms > LEASE_MS / 2 && !(await this.#renew())) throw new LeaseLost();
  }

  /** To be awaited before what another attempt may have left is replaced. @throws LeaseLost */
  async requireHeld(): Promise<void> {
    if (!(await this.#renew())) throw new LeaseLost();
  }

  async #renew(): Promise<boolean> {
    const at = now();
    const isHeld = await this.#deps.catalog.renewLease({ ...this.#holder(), leaseMs: LEASE_MS });
    if (isHeld) this.#heldAt = at;
    return isHeld;
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
    await this.#forget(old);
  }

  /** Commits the rows of the tag, which ends the lease. @returns false if it was lost: nothing is committed */
  async commit(commit: Omit<CommitUpload, 'uploadId' | 'tag' | 'owner'>): Promise<boolean> {
    return (await this.#deps.catalog.commitUpload({ ...this.#holder(), ...commit })) !== 'lost';
  }

  /** Ends the attempt without rows, and with it the lease. @returns false if it was lost: others have taken over the upload */
  end(outcome: AttemptOutcome): Promise<boolean> {
    return this.#deps.catalog.endAttempt({ ...this.#holder(), outcome });
  }

  /** Call it when the rows of the tag have been removed. If it is not called, housekeeping purges them. */
  async forgetTag(): Promise<void> {
    await this.#forget(this.#target);
  }

  #forget({ tableId, tag }: AttemptTarget): Promise<void> {
    return this.#deps.catalog.forgetTags({ customerId: this.#claim.customer.id, tableId }, [tag]);
  }

  #holder() {
    return { uploadId: this.#claim.upload.id, tag: this.#target.tag, owner: this.#deps.owner };
  }
}

function now(): { readonly monotonic: number; readonly wall: number } {
  return { monotonic: performance.now(), wall: Date.now() };
}
