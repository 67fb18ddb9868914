import type { AttemptOutcome, Claim } from '../../catalog/catalog.ts';
import type { UploadError } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { SegmentFeed } from '../spool/segment-feed.ts';
import type { Spool } from '../spool/spool.ts';
import { Attempt, type AttemptDeps, LeaseLost } from './attempt.ts';
import { isDiskFull, maySucceedNextTime } from './disk-full.ts';

const LEASE_MS = 30_000;
/** A file under which the engine dies this many times while it is read alone is not tried again. */
const MAX_ENGINE_DEATHS = 2;
/** The same while others are read beside it, which may be to blame. */
const MAX_ENGINE_DEATHS_BESIDE_OTHERS = 8;
const STOPPED: AttemptOutcome = { kind: 'requeued', engineDied: false };
const ENGINE_DIED: AttemptOutcome = { kind: 'requeued', engineDied: true };
const CANCELLED: AttemptOutcome = { kind: 'cancelled' };
/** How often the queue is looked at when nobody has said that something is in it: leases of others may have run out. */
const POLL_MS = 5_000;

export interface LoaderDeps extends AttemptDeps {
  readonly spool: Spool;
  readonly reserve: DiskReserve;
  readonly observe: Observe;
  readonly concurrentLoads: number;
  /** How long the bytes of a failed upload are kept. */
  readonly retryMs: number;
  /** Told when an upload has ended, as rows or as a failure. */
  readonly onEnded: (uploadId: UploadId) => void;
}

/** Takes uploads from the queue, which is the catalog's uploads table, and makes them rows: some at once, under leases. */
export class Loader {
  readonly #deps: LoaderDeps;
  readonly #running = new Map<UploadId, { readonly controller: AbortController; readonly done: Promise<void> }>();
  #receiveSlots = 0;
  #poll: NodeJS.Timeout | undefined;
  #kicking: Promise<void> | null = null;
  #kickedAgain = false;
  #stopped = false;
  /** No load is begun before, on the clock of `performance.now`: the last one filled the disk. */
  #restsUntil = 0;
  /** What keeps loads from being begun: the reserve is not whole, or a load filled the disk and none has ended since. */
  #held: 'reserve' | 'load' | null = null;

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#poll = setInterval(() => this.kick(), POLL_MS);
    this.kick();
  }

  /** Says that there may be something in the queue. */
  kick(): void {
    this.#kickedAgain = true;
    this.#kicking ??= this.#takeFromQueue()
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'queue', error }))
      .finally(() => {
        this.#kicking = null;
      });
  }

  /**
   * Begins loading an upload whose bytes are still arriving, where there is a place for it.
   *
   * @returns whether it was begun
   */
  async startEarly(uploadId: UploadId, feed: SegmentFeed): Promise<boolean> {
    const { catalog, owner } = this.#deps;
    if (this.#stopped || !this.#takePlace()) return false;
    try {
      const claim = (await this.#hasRoom()) && (await catalog.claimReceiving({ uploadId, owner, leaseMs: LEASE_MS }));
      if (claim) {
        failpoint('claimed_early');
        this.#begin(claim, feed);
        return true;
      }
    } catch (error) {
      this.#deps.observe({ kind: 'background_failed', task: 'early load', error: error as Error });
    }
    this.#receiveSlots--;
    return false;
  }

  /** Ends the attempt at an upload, if there is one, and waits until its rows are gone. */
  async abort(uploadId: UploadId): Promise<void> {
    await this.#abort(uploadId, STOPPED);
  }

  /** The same, for an upload that is not wanted any more. It may have become rows in that moment. */
  async cancel(uploadId: UploadId): Promise<void> {
    await this.#abort(uploadId, CANCELLED);
  }

  async #abort(uploadId: UploadId, reason: AttemptOutcome): Promise<void> {
    const running = this.#running.get(uploadId);
    running?.controller.abort(reason);
    await running?.done;
  }

  /** Takes nothing more, and ends what is running: it goes back into the queue. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#poll);
    await this.#kicking;
    const running = [...this.#running.values()];
    for (const { controller } of running) controller.abort(STOPPED);
    await Promise.all(running.map(({ done }) => done));
  }

  async #takeFromQueue(): Promise<void> {
    const { catalog, owner, spool } = this.#deps;
    while (this.#kickedAgain && !this.#stopped) {
      this.#kickedAgain = false;
      if (!(await this.#hasRoom())) return;
      while (!this.#stopped && this.#takePlace()) {
        const claim = await catalog.claimNext({ owner, leaseMs: LEASE_MS }).catch((error) => {
          this.#receiveSlots--;
          throw error;
        });
        if (!claim?.upload.file) {
          this.#receiveSlots--;
          break;
        }
        const { id, file } = claim.upload;
        failpoint('claimed');
        this.#begin(claim, SegmentFeed.of({ ...file, segments: spool.locate(id, file.segments) }));
      }
    }
  }

  /** A load that fills the disk up is begun anew from its start; one that waits for room is not. */
  async #hasRoom(): Promise<boolean> {
    if (performance.now() < this.#restsUntil) return false;
    const hasRoom = await this.#deps.reserve.leaves(0);
    if (!hasRoom) this.#hold('reserve');
    else if (this.#held === 'reserve') this.#resume();
    return hasRoom;
  }

  /** Observed once, however often it is looked at whether there is room. */
  #hold(cause: 'reserve' | 'load'): void {
    if (this.#held === null) this.#deps.observe({ kind: 'loads_held' });
    this.#held = cause;
  }

  #resume(): void {
    if (this.#held !== null) this.#deps.observe({ kind: 'loads_resumed' });
    this.#held = null;
  }

  #takePlace(): boolean {
    if (this.#receiveSlots >= this.#deps.concurrentLoads) return false;
    this.#receiveSlots++;
    return true;
  }

  #begin(claim: Claim, feed: SegmentFeed): void {
    const { id } = claim.upload;
    const controller = new AbortController();
    const done = this.#attempt(claim, feed, controller)
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'load', error }))
      .finally(() => {
        this.#running.delete(id);
        this.#receiveSlots--;
        if (!this.#stopped) this.kick();
      });
    this.#running.set(id, { controller, done });
  }

  async #attempt(claim: Claim, feed: SegmentFeed, controller: AbortController): Promise<void> {
    const { upload, customer } = claim;
    const { catalog, owner, observe, onEnded } = this.#deps;
    const startedAt = performance.now();
    let attempt: Attempt | null = null;
    const tag = (): number => attempt?.tag ?? claim.tag;
    const renewal = setInterval(() => {
      catalog
        .renewLease({ uploadId: upload.id, tag: tag(), owner, leaseMs: LEASE_MS })
        .then((held) => held || controller.abort(STOPPED))
        .catch((error: Error) => observe({ kind: 'background_failed', task: 'lease', error }));
    }, LEASE_MS / 3);
    try {
      attempt = new Attempt(this.#deps, claim, feed, controller.signal);
      const rows = await attempt.run();
      const ms = performance.now() - startedAt;
      observe({ kind: 'upload_completed', uploadId: upload.id, customerId: customer.id, rows, ms });
      this.#resume();
      // At once: who waits for its rows need not wait until hundreds of megabytes are unlinked.
      onEnded(upload.id);
      await this.#discard(upload.id);
    } catch (caught) {
      const error = caught as Error;
      // Whatever was read with it ends in the same moment, and leaves later.
      const isAlone = this.#running.size === 1 && !(error instanceof StorageFailure && error.alongsideQuery);
      const mostDeaths = isAlone ? MAX_ENGINE_DEATHS : MAX_ENGINE_DEATHS_BESIDE_OTHERS;
      // What the file is to blame for is told as the upload's failure.
      if (!(error instanceof Problem)) {
        observe({ kind: 'attempt_failed', uploadId: upload.id, attempt: upload.attempts, error });
      }
      if (error instanceof LeaseLost) return;
      const outcome: AttemptOutcome = controller.signal.aborted
        ? controller.signal.reason
        : await this.#verdict(error, upload.engineDeaths + 1, mostDeaths, feed);
      await this.#endAttempt(claim, attempt, tag(), outcome);
    } finally {
      clearInterval(renewal);
    }
  }

  /** What a failed attempt means for its upload: it fails, or is tried again. */
  async #verdict(error: Error, deaths: number, mostDeaths: number, feed: SegmentFeed): Promise<AttemptOutcome> {
    if (isDiskFull(error)) {
      // It waits in the queue. Begun at once, it would fill the disk again and again.
      this.#restsUntil = performance.now() + POLL_MS - POLL_MS / 10;
      this.#hold('load');
      return STOPPED;
    }
    if (error instanceof StorageFailure && error.wasKilled) return STOPPED;
    if (maySucceedNextTime(error) && deaths < mostDeaths) return ENGINE_DIED;
    try {
      // An upload fails only once it was acknowledged: until then its sender is told by the answer.
      await feed.file;
    } catch {
      return STOPPED;
    }
    const { retryMs } = this.#deps;
    const retryUntil = retryMs > 0 ? new Date(Date.now() + retryMs) : null;
    return { kind: 'failed', error: told(error, deaths), retryUntil };
  }

  async #endAttempt(claim: Claim, attempt: Attempt | null, tag: number, outcome: AttemptOutcome): Promise<void> {
    const { catalog, owner, observe, onEnded } = this.#deps;
    const { upload, customer } = claim;
    const rolledBack = await (attempt?.rollBack() ?? Promise.resolve(true)).catch((failure: Error) => {
      observe({ kind: 'background_failed', task: 'roll back', error: failure });
      return false;
    });
    await catalog.endAttempt({ uploadId: upload.id, tag, owner, outcome });
    failpoint('attempt_failed');
    // Else the rows stay invisible, their tag uncommitted, until `housekeeping.ts` purges them.
    if (rolledBack) await catalog.forgetTags(customer.id, [tag]);
    if (outcome.kind === 'requeued') return;
    if (outcome.kind === 'failed') {
      const { code, detail } = outcome.error;
      observe({ kind: 'upload_failed', uploadId: upload.id, customerId: customer.id, code, detail });
    } else {
      observe({ kind: 'upload_cancelled', uploadId: upload.id, customerId: customer.id });
    }
    if (outcome.kind === 'cancelled' || !outcome.retryUntil) await this.#discard(upload.id);
    onEnded(upload.id);
  }

  /** Removes the bytes of an upload that has ended, which a disk that fails makes no failure of the upload. */
  async #discard(uploadId: UploadId): Promise<void> {
    const { spool, observe } = this.#deps;
    await spool.remove(uploadId).catch((error: Error) => observe({ kind: 'background_failed', task: 'spool', error }));
    failpoint('segments_removed');
  }
}

function told(error: Error, engineDeaths: number): UploadError {
  if (error instanceof Problem) return { code: error.code, detail: error.detail, extra: error.extra };
  return error instanceof StorageFailure && (error.reason === 'crashed' || error.reason === 'unavailable')
    ? {
        code: 'file_crashed_reader',
        detail: `The engine stopped ${engineDeaths} times while it read this file.`,
        extra: {},
      }
    : { code: 'ingest_failed', detail: 'Loading the file failed for a reason that is in the log.', extra: {} };
}
