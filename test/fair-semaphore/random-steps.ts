import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { FairSemaphore, type FairSemaphoreOptions } from '../../src/fair-semaphore.ts';

export type Step =
  | { readonly kind: 'acquire'; readonly customer: string; readonly permits: number }
  /** Of the requests in the state that the step ends, the one at this index, modulo their number. */
  | { readonly kind: 'release' | 'abort'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number };

export interface Request {
  readonly customer: string;
  readonly permits: number;
  readonly controller: AbortController;
  state: 'waiting' | 'held' | 'released' | 'left';
  release(): void;
}

export const MAX_WAIT_MS = 100;

/** Performs steps on a semaphore, and knows the state of every request. */
export class Run {
  readonly requests: Request[] = [];
  /** In the order in which they were granted. */
  readonly granted: Request[] = [];
  readonly semaphore: FairSemaphore<string>;
  readonly #tick: (ms: number) => void;

  constructor(options: FairSemaphoreOptions<string>, tick: (ms: number) => void) {
    this.semaphore = new FairSemaphore(options);
    this.#tick = tick;
  }

  held(customer?: string): number {
    return this.requests
      .filter((each) => each.state === 'held' && (customer === undefined || each.customer === customer))
      .reduce((sum, { permits }) => sum + permits, 0);
  }

  async do(step: Step): Promise<void> {
    if (step.kind === 'acquire') this.#acquire(step.customer, step.permits);
    else if (step.kind === 'wait') this.#tick(step.ms);
    else {
      const state = step.kind === 'release' ? 'held' : 'waiting';
      const some = this.requests.filter((each) => each.state === state);
      const one = some[step.which % Math.max(1, some.length)];
      if (step.kind === 'release') one?.release();
      else one?.controller.abort();
    }
    await nextTurn();
  }

  /** Gives everything back until nobody waits any more. */
  async drain(): Promise<void> {
    for (let held = 1; held > 0; held = this.held()) await this.do({ kind: 'release', which: 0 });
  }

  #acquire(customer: string, permits: number): void {
    if (!this.semaphore.fits(permits)) return;
    const controller = new AbortController();
    const request: Request = { customer, permits, controller, state: 'waiting', release: () => undefined };
    this.requests.push(request);
    this.semaphore.acquire(customer, { permits, signal: controller.signal }).then(
      (release) => {
        this.granted.push(request);
        request.state = 'held';
        request.release = () => {
          request.state = 'released';
          release();
        };
      },
      () => {
        request.state = 'left';
      },
    );
  }
}

const customers = fc.constantFrom('a', 'b', 'c');
export const acquire = (maxPermits: number): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant('acquire'), customer: customers, permits: fc.integer({ min: 1, max: maxPermits }) });
export const release: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('release'), which: fc.nat(20) });
export const abort: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('abort'), which: fc.nat(20) });
export const pass: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('wait'),
  ms: fc.integer({ min: 1, max: MAX_WAIT_MS }),
});
export const stepsOf = (...kinds: readonly fc.Arbitrary<Step>[]) => fc.array(fc.oneof(...kinds), { maxLength: 40 });
