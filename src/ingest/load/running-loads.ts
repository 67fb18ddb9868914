import type { AttemptOutcome, Claim } from '../../catalog/upload-queue.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import { abortable } from '../spool/abortable.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import type { Spool, SpooledUpload } from '../spool/spool.ts';
import { Attempt, type AttemptDeps } from './attempt.ts';
import type { DiskHold } from './disk-hold.ts';
import { type Verdict, verdictOn } from './failure-verdict.ts';
import { Lease, type LeaseDeps, LeaseLost } from './lease.ts';

export interface RunningLoadsDeps extends AttemptDeps, LeaseDeps {
  readonly spool: Spool;
  readonly hold: DiskHold;
  readonly progress: ProgressBoard;
  readonly observe: Observe;
  /** How long the bytes of a failed upload are kept. */
  readonly retryMs: number;
}

/** An upload that has been claimed, and its segments. */
export interface ClaimedLoad {
  readonly claim: Claim;
  readonly feed: SegmentFeed;
}

const REQUEUED: AttemptOutcome = { kind: 'requeued', engineDied: false };
const CANCELLED: AttemptOutcome = { kind: 'cancelled' };

interface RunningLoad {
  readonly controller: AbortController;
  readonly done: Promise<void>;
  readonly feed: SegmentFeed;
  /** Runs while no other load does. */
  readonly isIsolated: boolean;
}

/** The attempts that are running in this process, each under a lease. */
export class RunningLoads {
  readonly #deps: RunningLoadsDeps;
  readonly #running = new Map<UploadId, RunningLoad>();
  /** Uploads that ran out of memory alongside others, which may be to blame: they are tried again alone. */
  readonly #isolated = new Set<UploadId>();

  constructor(deps: RunningLoadsDeps) {
    this.#deps = deps;
  }

  /** Uploads at which attempts are running. */
  get ids(): readonly UploadId[] {
    return [...this.#running.keys()];
  }

  /** Makes one attempt at an upload. Never throws: the upload ends as rows, as a failure, or back in the queue. */
  async run(load: ClaimedLoad): Promise<void> {
    const { id } = load.claim.upload;
    const controller = new AbortController();
    // The process that held it may have been gone before it could obey.
    if (load.claim.isCancelRequested) controller.abort(CANCELLED);
    const isIsolated = this.#isolated.has(id);
    const done = this.#attempt(load, isIsolated, controller).catch((error: Error) =>
      this.#deps.observe({ kind: 'background_failed', task: 'load', error }),
    );
    const running = { controller, done, feed: load.feed, isIsolated };
    this.#running.set(id, running);
    await done;
    if (this.#running.get(id) === running) this.#running.delete(id);
  }

  /** Ends the attempt at an upload, if one is running, and waits until its rows are removed. */
  async abort(uploadId: UploadId): Promise<void> {
    await this.#abort(uploadId, REQUEUED);
  }

  /** The same for an upload that was cancelled. It may be committed at the last moment. */
  async cancel(uploadId: UploadId): Promise<void> {
    await this.#abort(uploadId, CANCELLED);
  }

  /** Ends all attempts: their uploads go back into the queue. */
  async abortAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((uploadId) => this.abort(uploadId)));
  }

  async #abort(uploadId: UploadId, outcome: AttemptOutcome): Promise<void> {
    const running = this.#running.get(uploadId);
    running?.controller.abort(outcome);
    await running?.done;
    this.#isolated.delete(uploadId);
  }

  /**
   * Waits until an attempt may begin: one that is isolated after all others that are running, any other after the isolated ones.
   *
   * @throws StorageFailure cancelled
   */
  async #turn(uploadId: UploadId, isIsolated: boolean, signal: AbortSignal): Promise<void> {
    const before = [...this.#running].flatMap(([id, load]) =>
      id !== uploadId && (isIsolated || load.isIsolated) ? [load] : [],
    );
    // A file that is still being received may take any time. It is loaded once it has arrived.
    for (const { feed, controller } of before) if (!feed.isComplete) controller.abort(REQUEUED);
    if (before.length > 0) await abortable(Promise.all(before.map(({ done }) => done)), signal);
  }

  /** Ends an earlier attempt of this process. It has lost its lease without notice, while the process was suspended or the catalog away. */
  async #endEarlier(earlier: RunningLoad | undefined): Promise<void> {
    earlier?.controller.abort(REQUEUED);
    await earlier?.done;
  }

  async #attempt(load: ClaimedLoad, isIsolated: boolean, controller: AbortController): Promise<void> {
    const { claim, feed } = load;
    const { upload, customer } = claim;
    const { hold, progress, observe, spool } = this.#deps;
    const earlier = this.#running.get(upload.id);
    const { signal } = controller;
    const startedAt = performance.now();
    const lease = new Lease(this.#deps, claim);
    lease.keep(controller, REQUEUED);
    let attempt: Attempt | null = null;
    let release: () => void = () => undefined;
    try {
      await this.#endEarlier(earlier);
      await this.#turn(upload.id, isIsolated, signal);
      release = await spool.hold(upload, signal);
      attempt = new Attempt(this.#deps, claim, lease, feed, signal);
      const rows = await attempt.run();
      this.#isolated.delete(upload.id);
      const ms = performance.now() - startedAt;
      observe({ kind: 'upload_completed', uploadId: upload.id, customerId: customer.id, rows, ms });
      hold.loadCompleted();
      // Clients that wait for the rows need not wait until hundreds of megabytes are unlinked.
      progress.ended(upload.id);
      await this.#removeBytes(upload);
    } catch (caught) {
      const failure = caught as Error;
      // Before the first await: if the engine died, the attempts that died with it end one after the other.
      const isAlone = isIsolated || this.#running.size === 1;
      // Other Problems are the file's fault, and reported with the upload.
      if (!(failure instanceof Problem) || failure.status >= 500) {
        observe({ kind: 'attempt_failed', uploadId: upload.id, attempt: upload.attempts, error: failure });
      }
      if (failure instanceof LeaseLost) {
        if (await this.#rollBack(attempt)) await lease.forgetTag();
        return;
      }
      const circumstances = { engineDeaths: upload.engineDeaths, isAlone, isIsolated };
      const verdict = signal.aborted ? null : verdictOn(failure, circumstances);
      const outcome = verdict === null ? signal.reason : await this.#outcomeOf(verdict, load, signal);
      const isHeldBack = verdict?.kind === 'wait_for_space' || verdict?.kind === 'wait_for_store';
      await this.#end(claim, lease, attempt, outcome, isHeldBack);
    } finally {
      release();
      lease.stop();
      progress.stopReading(upload.id);
    }
  }

  async #outcomeOf(
    verdict: Verdict,
    { claim: { upload }, feed }: ClaimedLoad,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    const { hold, retryMs } = this.#deps;
    switch (verdict.kind) {
      case 'wait_for_space':
        hold.loadFilledDisk();
        return REQUEUED;
      case 'wait_for_store':
        hold.pause();
        return REQUEUED;
      case 'try_again':
        if (verdict.alone) this.#isolated.add(upload.id);
        return { kind: 'requeued', engineDied: verdict.engineDied };
      case 'fail': {
        // Only an acknowledged upload fails. Before that, the client gets the problem as the answer to its request.
        const isAcknowledged = await abortable(feed.file, signal).then(
          () => true,
          () => false,
        );
        if (!isAcknowledged) return REQUEUED;
        return { kind: 'failed', error: verdict.error, keepBytesMs: retryMs };
      }
    }
  }

  /** @param isHeldBack whether this node lacks something */
  async #end(
    claim: Claim,
    lease: Lease,
    attempt: Attempt | null,
    outcome: AttemptOutcome,
    isHeldBack: boolean,
  ): Promise<void> {
    const { hold, progress, observe } = this.#deps;
    const { upload, customer } = claim;
    const isRolledBack = await this.#rollBack(attempt);
    // Again, since that may have taken long: another node may have what this one lacks.
    if (isHeldBack) hold.pause();
    const isHeld = await lease.end(outcome);
    failpoint('attempt_failed');
    // Otherwise the rows stay invisible under their uncommitted tag, until housekeeping purges them.
    if (isRolledBack) await lease.forgetTag();
    // Otherwise its bytes are those of the attempt that holds it now.
    if (outcome.kind === 'requeued' || !isHeld) return;
    this.#isolated.delete(upload.id);
    if (outcome.kind === 'failed') {
      const { code, detail } = outcome.error;
      observe({ kind: 'upload_failed', uploadId: upload.id, customerId: customer.id, code, detail });
    } else {
      observe({ kind: 'upload_cancelled', uploadId: upload.id, customerId: customer.id });
    }
    if (outcome.kind === 'cancelled' || outcome.keepBytesMs === 0) await this.#removeBytes(upload);
    progress.ended(upload.id);
  }

  /** Removes the rows of an attempt. @returns false if some may be left, for housekeeping */
  async #rollBack(attempt: Attempt | null): Promise<boolean> {
    try {
      return (await attempt?.rollBack()) ?? true;
    } catch (error) {
      this.#deps.observe({ kind: 'background_failed', task: 'roll back', error: error as Error });
      return false;
    }
  }

  /** Removes the bytes of an upload that has ended. If the disk fails here, the upload does not fail with it. */
  async #removeBytes(upload: SpooledUpload): Promise<void> {
    const { spool, observe } = this.#deps;
    await spool.remove(upload).catch((error: Error) => observe({ kind: 'background_failed', task: 'spool', error }));
    failpoint('segments_removed');
  }
}
