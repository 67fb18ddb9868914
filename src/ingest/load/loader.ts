import type { Catalog } from '../../catalog/catalog.ts';
import { failpoint } from '../../failpoints.ts';
import { FairSemaphore } from '../../fair-semaphore.ts';
import type { UploadId } from '../../model/ids.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { SegmentFeed } from '../spool/segment-feed.ts';
import { DiskHold } from './disk-hold.ts';
import { LEASE_MS } from './lease.ts';
import { type ClaimedLoad, RunningLoads, type RunningLoadsDeps } from './running-loads.ts';

export interface LoaderDeps extends Omit<RunningLoadsDeps, 'hold'> {
  readonly catalog: RunningLoadsDeps['catalog'] & Pick<Catalog, 'claimNext' | 'claimReceiving'>;
  readonly reserve: DiskReserve;
  readonly concurrentLoads: number;
}

/** How often the queue is checked without a call of `wake`: leases of other processes may have run out. */
const POLL_MS = 5_000;
/** A process has claimed what it has received by then. Many uploads are one check. */
const SOON_MS = 200;
/** How long no load starts after one has filled the disk: a little less than until the next poll. */
const FULL_DISK_PAUSE_MS = 0.9 * POLL_MS;

/** Takes uploads from the queue, which is the uploads table of the catalog, and loads several at once. */
export class Loader {
  readonly #deps: LoaderDeps;
  readonly #hold: DiskHold;
  readonly #loads: RunningLoads;
  /** The catalog serves customers in turn, so that these need no shares. */
  readonly #slots: FairSemaphore<null>;
  #poll: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #draining: Promise<void> | null = null;
  #isDrainDue = false;
  #isStopped = false;

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
    this.#hold = new DiskHold(deps.reserve, deps.observe, FULL_DISK_PAUSE_MS);
    this.#loads = new RunningLoads({ ...deps, hold: this.#hold });
    this.#slots = new FairSemaphore({ capacity: deps.concurrentLoads, share: 'all' });
  }

  start(): void {
    this.#poll = setInterval(() => this.wake(), POLL_MS);
    this.wake();
  }

  /** Checks the queue now, or once more if it is being checked. */
  wake(): void {
    this.#isDrainDue = true;
    this.#draining ??= this.#drainQueue()
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'queue', error }))
      .finally(() => {
        this.#draining = null;
      });
  }

  /** Checks the queue in a moment: what another process has received, it mostly loads, too, unless all of its load slots are taken. */
  wakeSoon(): void {
    if (this.#isStopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.wake();
    }, SOON_MS);
  }

  /**
   * Starts to load an upload whose bytes are still arriving, if there is a free load slot.
   *
   * @returns whether it was started
   */
  async startEarly(uploadId: UploadId, feed: SegmentFeed): Promise<boolean> {
    try {
      return await this.#start(() => this.#claimReceiving(uploadId, feed));
    } catch (error) {
      this.#deps.observe({ kind: 'background_failed', task: 'early load', error: error as Error });
      return false;
    }
  }

  /** Uploads at which attempts are running. */
  get ids(): readonly UploadId[] {
    return this.#loads.ids;
  }

  /** Ends the attempt at an upload, if one is running, and waits until its rows are removed. */
  abort(uploadId: UploadId): Promise<void> {
    return this.#loads.abort(uploadId);
  }

  /** The same for an upload that was cancelled. It may be committed at the last moment. */
  cancel(uploadId: UploadId): Promise<void> {
    return this.#loads.cancel(uploadId);
  }

  /** Starts nothing more and ends the attempts that are running: their uploads go back into the queue. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#poll);
    clearTimeout(this.#soon);
    await this.#draining;
    await this.#loads.abortAll();
  }

  async #drainQueue(): Promise<void> {
    while (this.#isDrainDue && !this.#isStopped) {
      this.#isDrainDue = false;
      if (!(await this.#hold.allowsLoad())) return;
      while (await this.#start(() => this.#claimNext()));
    }
  }

  /** Loads what `claim` returns, if there is a free load slot. @returns false if there is none, or nothing to load */
  async #start(claim: () => Promise<ClaimedLoad | null>): Promise<boolean> {
    const releaseSlot = this.#isStopped ? null : this.#slots.tryAcquire(null);
    if (!releaseSlot) return false;
    let load: ClaimedLoad | null = null;
    try {
      load = await claim();
    } finally {
      if (!load) releaseSlot();
    }
    if (load) void this.#run(load, releaseSlot);
    return load !== null;
  }

  async #run(load: ClaimedLoad, releaseSlot: () => void): Promise<void> {
    await this.#loads.run(load);
    releaseSlot();
    if (!this.#isStopped) this.wake();
  }

  async #claimNext(): Promise<ClaimedLoad | null> {
    const { catalog, owner, spool } = this.#deps;
    const claim = await catalog.claimNext({ owner, leaseMs: LEASE_MS });
    if (!claim?.upload.file) return null;
    failpoint('claimed');
    const { file } = claim.upload;
    return { claim, feed: SegmentFeed.of({ ...file, segments: spool.locate(file.segments) }) };
  }

  async #claimReceiving(uploadId: UploadId, feed: SegmentFeed): Promise<ClaimedLoad | null> {
    const { catalog, owner } = this.#deps;
    if (!(await this.#hold.allowsLoad())) return null;
    const claim = await catalog.claimReceiving({ uploadId, owner, leaseMs: LEASE_MS });
    if (!claim) return null;
    failpoint('claimed_early');
    return { claim, feed };
  }
}
