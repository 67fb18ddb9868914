import type { AttemptOutcome, Claim } from '../../catalog/upload-queue.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { UploadId } from '../../model/ids.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { SegmentFeed } from '../spool/segment-feed.ts';
import type { Spool } from '../spool/spool.ts';
import { Attempt, type AttemptDeps } from './attempt.ts';
import type { DiskHold } from './disk-hold.ts';
import { verdictOn } from './failure-verdict.ts';
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

/** The attempts that are running in this process, each under a lease. */
export class RunningLoads {
  readonly #deps: RunningLoadsDeps;
  readonly #running = new Map<UploadId, { readonly controller: AbortController; readonly done: Promise<void> }>();

  constructor(deps: RunningLoadsDeps) {
    this.#deps = deps;
  }

  /** Makes one attempt at an upload. Never throws: the upload ends as rows, as a failure, or back in the queue. */
  async run(load: ClaimedLoad): Promise<void> {
    const { id } = load.claim.upload;
    const controller = new AbortController();
    const done = this.#attempt(load, controller).catch((error: Error) =>
      this.#deps.observe({ kind: 'background_failed', task: 'load', error }),
    );
    this.#running.set(id, { controller, done });
    await done;
    this.#running.delete(id);
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
  }

  async #attempt({ claim, feed }: ClaimedLoad, controller: AbortController): Promise<void> {
    const { upload, customer } = claim;
    const { hold, progress, observe } = this.#deps;
    const { signal } = controller;
    const startedAt = performance.now();
    const lease = new Lease(this.#deps, claim);
    lease.keep(controller, REQUEUED);
    let attempt: Attempt | null = null;
    try {
      attempt = new Attempt(this.#deps, claim, lease, feed, signal);
      const rows = await attempt.run();
      const ms = performance.now() - startedAt;
      observe({ kind: 'upload_completed', uploadId: upload.id, customerId: customer.id, rows, ms });
      hold.loadCompleted();
      // Clients that wait for the rows need not wait until hundreds of megabytes are unlinked.
      progress.ended(upload.id);
      await this.#removeBytes(upload.id);
    } catch (caught) {
      const failure = caught as Error;
      // Before the first await: if the engine died, the attempts that died with it end one after the other.
      const isAlone = this.#running.size === 1;
      // A Problem is the file's fault, and reported with the upload.
      if (!(failure instanceof Problem)) {
        observe({ kind: 'attempt_failed', uploadId: upload.id, attempt: upload.attempts, error: failure });
      }
      if (failure instanceof LeaseLost) return;
      const outcome = signal.aborted ? signal.reason : await this.#outcomeOf(failure, isAlone, claim, feed);
      await this.#end(claim, lease, attempt, outcome);
    } finally {
      lease.stop();
    }
  }

  async #outcomeOf(failure: Error, isAlone: boolean, { upload }: Claim, feed: SegmentFeed): Promise<AttemptOutcome> {
    const { hold, retryMs } = this.#deps;
    const verdict = verdictOn(failure, { engineDeaths: upload.engineDeaths, isAlone });
    switch (verdict.kind) {
      case 'wait_for_space':
        hold.loadFilledDisk();
        return REQUEUED;
      case 'try_again':
        return { kind: 'requeued', engineDied: verdict.engineDied };
      case 'fail': {
        // Only an acknowledged upload fails. Before that, the client gets the problem as the answer to its request.
        const isAcknowledged = await feed.file.then(
          () => true,
          () => false,
        );
        if (!isAcknowledged) return REQUEUED;
        const retryUntil = retryMs > 0 ? new Date(Date.now() + retryMs) : null;
        return { kind: 'failed', error: verdict.error, retryUntil };
      }
    }
  }

  async #end(claim: Claim, lease: Lease, attempt: Attempt | null, outcome: AttemptOutcome): Promise<void> {
    const { progress, observe } = this.#deps;
    const { upload, customer } = claim;
    const isRolledBack = await (attempt?.rollBack() ?? Promise.resolve(true)).catch((error: Error) => {
      observe({ kind: 'background_failed', task: 'roll back', error });
      return false;
    });
    await lease.end(outcome);
    failpoint('attempt_failed');
    // Otherwise the rows stay invisible under their uncommitted tag, until housekeeping purges them.
    if (isRolledBack) await lease.forgetTag();
    if (outcome.kind === 'requeued') return;
    if (outcome.kind === 'failed') {
      const { code, detail } = outcome.error;
      observe({ kind: 'upload_failed', uploadId: upload.id, customerId: customer.id, code, detail });
    } else {
      observe({ kind: 'upload_cancelled', uploadId: upload.id, customerId: customer.id });
    }
    if (outcome.kind === 'cancelled' || !outcome.retryUntil) await this.#removeBytes(upload.id);
    progress.ended(upload.id);
  }

  /** Removes the bytes of an upload that has ended. If the disk fails here, the upload does not fail with it. */
  async #removeBytes(uploadId: UploadId): Promise<void> {
    const { spool, observe } = this.#deps;
    await spool.remove(uploadId).catch((error: Error) => observe({ kind: 'background_failed', task: 'spool', error }));
    failpoint('segments_removed');
  }
}
