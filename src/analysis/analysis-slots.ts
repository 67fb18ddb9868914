import { Problem } from '../errors.ts';
import { FairSemaphore, type Refusal } from '../fair-semaphore.ts';
import type { CustomerId } from '../model/ids.ts';

/** Analyses that may wait for a slot, in all and of one customer. */
const MAX_WAITING = 1_000;
const MAX_WAITING_PER_CUSTOMER = 100;

/** The time that an analysis may take, including its wait for a slot. */
export interface TimeLimit {
  readonly expired: AbortSignal;
  /** At least 1. */
  remainingMs(): number;
}

/** @returns a limit that starts now */
export function timeLimit(ms: number): TimeLimit {
  const startedAt = performance.now();
  return {
    expired: AbortSignal.timeout(ms),
    remainingMs: () => Math.max(1, Math.ceil(ms - (performance.now() - startedAt))),
  };
}

/** What a read of the table is passed: how long it may take, and the signal that cancels it. */
export interface ReadLimits {
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** Limits how many analyses run concurrently, in all and per customer. The others wait. */
export class AnalysisSlots {
  readonly #slots: FairSemaphore<CustomerId>;

  constructor(concurrentAnalyses: number) {
    this.#slots = new FairSemaphore({
      capacity: concurrentAnalyses,
      share: 'half',
      queue: { max: MAX_WAITING, share: MAX_WAITING_PER_CUSTOMER, refuse: tooMany },
    });
  }

  /**
   * Runs a read of the table as soon as a slot is free.
   *
   * @param signal cancels the wait and the read
   * @returns the outcome of the read; `timed_out` or `cancelled` if that happened before it started
   * @throws Problem too_many_analyses; whatever `read` throws
   */
  async run<Outcome>(
    customerId: CustomerId,
    limit: TimeLimit,
    signal: AbortSignal,
    read: (limits: ReadLimits) => Promise<Outcome>,
  ): Promise<Outcome | { readonly kind: 'timed_out' | 'cancelled' }> {
    let release: () => void;
    try {
      release = await this.#slots.acquire(customerId, { signal: AbortSignal.any([signal, limit.expired]) });
    } catch (error) {
      if (signal.aborted) return { kind: 'cancelled' };
      if (limit.expired.aborted) return { kind: 'timed_out' };
      throw error;
    }
    try {
      return await read({ deadlineMs: limit.remainingMs(), signal });
    } finally {
      release();
    }
  }
}

function tooMany(refusal: Refusal, customerId: CustomerId): Problem {
  const detail =
    refusal === 'customer_queue_full'
      ? `Customer ${customerId} has ${MAX_WAITING_PER_CUSTOMER} waiting analyses.`
      : `The server has ${MAX_WAITING} waiting analyses.`;
  return new Problem('too_many_analyses', detail);
}
