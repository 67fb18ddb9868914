import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { FairSemaphore, type FairSemaphoreOptions, type QueueOptions, type Share } from '../src/fair-semaphore.ts';

const QUEUE: QueueOptions<string> = {
  max: 1_000,
  share: 'all',
  refuse: (refusal, customer) => new Error(`${refusal} ${customer}`),
};

/** Acquires once for each customer. @returns who was granted so far, in order, and the functions that give back */
function acquireAll(semaphore: FairSemaphore<string>, customers: readonly string[], permits = 1) {
  const granted: string[] = [];
  const releases: (() => void)[] = [];
  const outcomes = customers.map((customer) =>
    semaphore.acquire(customer, { permits }).then(
      (release) => {
        granted.push(customer);
        releases.push(release);
        return 'granted';
      },
      ({ message }: Error) => message,
    ),
  );
  return { granted, releases, outcomes };
}

describe('a fair semaphore', () => {
  it('grants permits until none are free, and the rest as they come back', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 2, share: 'all' });
    const { granted, releases } = acquireAll(semaphore, ['a', 'a', 'a']);
    await nextTurn();
    assert.deepEqual([granted.length, semaphore.free], [2, 0]);
    releases[0]?.();
    await nextTurn();
    assert.deepEqual([granted.length, semaphore.free], [3, 0]);
  });

  it('counts only the first call that gives a permit back', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'all' });
    const release = await semaphore.acquire('a');
    const { granted } = acquireAll(semaphore, ['b', 'b']);
    release();
    release();
    await nextTurn();
    assert.deepEqual(granted, ['b']);
  });

  it('serves customers in turn, however many requests of one wait', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'all' });
    const first = await semaphore.acquire('many');
    const { granted, releases } = acquireAll(semaphore, ['many', 'many', 'many', 'few', 'late', 'few']);
    first();
    for (let index = 0; index < 6; index++) {
      await nextTurn();
      releases[index]?.();
    }
    assert.deepEqual(granted, ['many', 'few', 'late', 'many', 'few', 'many']);
  });

  it('gives one customer at most half, and passes over it while it holds that', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 3, share: 'half' });
    const { granted, releases } = acquireAll(semaphore, ['a', 'a', 'a', 'b', 'c']);
    await nextTurn();
    assert.deepEqual(granted, ['a', 'a', 'b']);
    releases[2]?.();
    await nextTurn();
    assert.deepEqual(granted, ['a', 'a', 'b', 'c']);
    releases[3]?.();
    await nextTurn();
    assert.deepEqual([granted.length, semaphore.free], [4, 1]);
    releases[0]?.();
    await nextTurn();
    assert.deepEqual(granted, ['a', 'a', 'b', 'c', 'a']);
  });

  it('always leaves something for the next customer if shares are dynamic', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 32, share: 'dynamic' });
    const counts: number[] = [];
    for (const customer of ['a', 'b', 'c', 'd']) {
      const { granted } = acquireAll(semaphore, Array(40).fill(customer));
      await nextTurn();
      counts.push(granted.length);
    }
    assert.deepEqual(counts, [16, 8, 4, 2]);
  });

  it('lets no small request overtake a large one', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 10, share: 'all' });
    const release = await semaphore.acquire('a', { permits: 6 });
    const large = acquireAll(semaphore, ['b'], 8);
    const small = acquireAll(semaphore, ['a', 'c'], 1);
    assert.equal(semaphore.tryAcquire('d'), null, 'a request that does not wait overtakes none either');
    await nextTurn();
    assert.deepEqual([large.granted, small.granted], [[], []]);
    release();
    await nextTurn();
    assert.deepEqual([large.granted, small.granted], [['b'], ['a', 'c']]);
  });

  it('lets no small request overtake a large one of the same customer that exceeds its share', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 10, share: 4 });
    const release = await semaphore.acquire('a', { permits: 2 });
    const large = acquireAll(semaphore, ['a'], 3);
    const small = acquireAll(semaphore, ['a'], 1);
    const other = acquireAll(semaphore, ['b'], 4);
    await nextTurn();
    assert.deepEqual([large.granted, small.granted, other.granted], [[], [], ['b']]);
    release();
    await nextTurn();
    assert.deepEqual([large.granted, small.granted], [['a'], ['a']]);
  });

  it('grants the requests behind a large one when that one gives up', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 10, share: 'all' });
    await semaphore.acquire('a', { permits: 6 });
    const leaving = new AbortController();
    const large = semaphore.acquire('b', { permits: 8, signal: leaving.signal });
    const { granted } = acquireAll(semaphore, ['b', 'c'], 2);
    leaving.abort(new Error('left'));
    await assert.rejects(large, /left/);
    await nextTurn();
    assert.deepEqual(granted, ['b', 'c']);
  });

  it('knows which requests can never be granted, and rejects them', async () => {
    const all = new FairSemaphore<string>({ capacity: 5, share: 'all' });
    const half = new FairSemaphore<string>({ capacity: 5, share: 'half' });
    const dynamic = new FairSemaphore<string>({ capacity: 5, share: 'dynamic' });
    assert.deepEqual([all.fits(5), all.fits(6)], [true, false]);
    assert.deepEqual([half.fits(3), half.fits(4)], [true, false]);
    assert.deepEqual([dynamic.fits(5), dynamic.fits(6)], [true, false]);
    await assert.rejects(all.acquire('a', { permits: 6 }), RangeError);
    assert.equal(all.tryAcquire('a', 6), null);
  });

  it('refuses a request if the queue is full, or the share of its customer', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'all', queue: { ...QUEUE, max: 3, share: 2 } });
    await semaphore.acquire('a');
    const { outcomes } = acquireAll(semaphore, ['a', 'a', 'a', 'b', 'c']);
    assert.equal(await outcomes[2], 'customer_queue_full a');
    assert.equal(await outcomes[4], 'queue_full c');
  });

  it('keeps room in the queue for a customer that comes late if its shares are dynamic', async () => {
    const queue: QueueOptions<string> = { ...QUEUE, max: 8, share: 'dynamic' };
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'dynamic', queue });
    const release = await semaphore.acquire('first');
    const { granted, releases, outcomes } = acquireAll(semaphore, [...Array(6).fill('greedy'), 'late']);
    assert.equal(await outcomes[4], 'customer_queue_full greedy');
    release();
    await nextTurn();
    releases[0]?.();
    await nextTurn();
    assert.deepEqual(granted, ['greedy', 'late']);
  });

  it('refuses a request that waited too long, and grants nothing to it', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'all', queue: { ...QUEUE, maxWaitMs: 5 } });
    const release = await semaphore.acquire('a');
    await assert.rejects(semaphore.acquire('b'), { message: 'wait_timeout b' });
    release();
    assert.equal(semaphore.free, 1);
  });

  it('leaves no timer behind when a request is granted', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'all', queue: { ...QUEUE, maxWaitMs: 60_000 } });
    const release = await semaphore.acquire('a');
    const waiting = semaphore.acquire('b');
    assert.equal(timers(), before + 1);
    release();
    await waiting;
    assert.equal(timers(), before);
  });

  it('rejects a request with the reason of its signal, before and during the wait', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 1, share: 'all' });
    const release = await semaphore.acquire('a');
    const waiting = new AbortController();
    const request = semaphore.acquire('a', { signal: waiting.signal });
    waiting.abort(new Error('too late'));
    await assert.rejects(request, /too late/);
    release();
    await assert.rejects(semaphore.acquire('a', { signal: waiting.signal }), /too late/);
    assert.equal(semaphore.free, 1);
  });

  it('gives the permits back when the work that holds them ends or fails', async () => {
    const semaphore = new FairSemaphore<string>({ capacity: 3, share: 'all' });
    const seen = await semaphore.run('a', { permits: 3 }, async () => semaphore.free);
    assert.equal(seen, 0);
    const failing = semaphore.run('a', { permits: 2 }, () => Promise.reject(new Error('failed')));
    await assert.rejects(failing, /failed/);
    assert.equal(semaphore.free, 3);
  });
});

type Step =
  | { readonly kind: 'acquire'; readonly customer: string; readonly permits: number }
  /** Of the requests in the state that the step ends, the one at this index, modulo their number. */
  | { readonly kind: 'release' | 'abort'; readonly which: number }
  | { readonly kind: 'wait'; readonly ms: number };

interface Request {
  readonly customer: string;
  readonly permits: number;
  readonly controller: AbortController;
  state: 'waiting' | 'held' | 'released' | 'left';
  release(): void;
}

const MAX_WAIT_MS = 100;

/** Runs random steps on a semaphore. `check` sees every request after every step. */
class Run {
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

const shares = fc.constantFrom<Share>('all', 'half', 'dynamic', 2);
const customers = fc.constantFrom('a', 'b', 'c');
const acquire = (maxPermits: number): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant('acquire'), customer: customers, permits: fc.integer({ min: 1, max: maxPermits }) });
const release: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('release'), which: fc.nat(20) });
const abort: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('abort'), which: fc.nat(20) });
const pass: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: MAX_WAIT_MS }) });
const stepsOf = (...kinds: readonly fc.Arbitrary<Step>[]) => fc.array(fc.oneof(...kinds), { maxLength: 40 });

describe('a fair semaphore, whatever is asked of it', () => {
  const options = fc.record({ capacity: fc.integer({ min: 2, max: 8 }), share: shares });

  it('never grants more than its capacity, or more than its share to a customer', async () => {
    const steps = stepsOf(acquire(4), acquire(4), release, abort);
    await fc.assert(
      fc.asyncProperty(options, steps, async ({ capacity, share }, all) => {
        const run = new Run({ capacity, share }, () => undefined);
        for (const step of all) {
          await run.do(step);
          assert.equal(run.semaphore.free, capacity - run.held());
          assert.ok(run.held() <= capacity);
          for (const customer of ['a', 'b', 'c']) {
            if (share === 'half') assert.ok(run.held(customer) <= Math.ceil(capacity / 2));
            if (share === 2) assert.ok(run.held(customer) <= 2);
          }
        }
      }),
    );
  });

  it('grants every request that does not give up, once enough is given back', async () => {
    const steps = stepsOf(acquire(4), acquire(4), release, abort);
    await fc.assert(
      fc.asyncProperty(options, steps, async (policy, all) => {
        const run = new Run(policy, () => undefined);
        for (const step of all) await run.do(step);
        await run.drain();
        for (const { state, controller } of run.requests) {
          assert.equal(state, controller.signal.aborted ? 'left' : 'released');
        }
      }),
    );
  });

  it('grants a customer that holds nothing before any other is granted twice', async () => {
    const steps = stepsOf(acquire(1), acquire(1), release);
    await fc.assert(
      fc.asyncProperty(options, steps, async (policy, all) => {
        const run = new Run(policy, () => undefined);
        /** What the others were granted while a customer waited and held nothing. */
        const passed = new Map<string, string[]>();
        let seen = 0;
        for (const step of [...all, ...Array<Step>(40).fill({ kind: 'release', which: 0 })]) {
          const isStarving = (customer: string) =>
            run.held(customer) === 0 &&
            run.requests.some((each) => each.customer === customer && each.state === 'waiting');
          const starving = ['a', 'b', 'c'].filter(isStarving);
          await run.do(step);
          for (const { customer } of run.granted.slice(seen)) {
            for (const other of starving)
              if (other !== customer) passed.set(other, [...(passed.get(other) ?? []), customer]);
            passed.delete(customer);
          }
          seen = run.granted.length;
          for (const names of passed.values()) assert.equal(new Set(names).size, names.length, names.join());
        }
      }),
    );
  });

  it('grants the requests of a customer in order', async () => {
    const steps = stepsOf(acquire(4), acquire(4), release, abort);
    await fc.assert(
      fc.asyncProperty(options, steps, async (policy, all) => {
        const run = new Run(policy, () => undefined);
        for (const step of all) await run.do(step);
        await run.drain();
        for (const customer of ['a', 'b', 'c']) {
          const own = (requests: readonly Request[]) => requests.filter((each) => each.customer === customer);
          assert.deepEqual(
            own(run.granted),
            own(run.requests).filter(({ state }) => state === 'released'),
          );
        }
      }),
    );
  });

  it('keeps no trace of a request that gave up or waited too long', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const steps = stepsOf(acquire(4), acquire(4), release, abort, pass);
    await fc.assert(
      fc.asyncProperty(options, steps, async (policy, all) => {
        const queue: QueueOptions<string> = { ...QUEUE, max: 5, maxWaitMs: MAX_WAIT_MS };
        const run = new Run({ ...policy, queue }, (ms) => t.mock.timers.tick(ms));
        for (const step of all) await run.do(step);
        await run.do({ kind: 'wait', ms: MAX_WAIT_MS });
        assert.ok(run.requests.every(({ state }) => state !== 'waiting'));
        for (const { controller } of run.requests) assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
        await run.drain();
        assert.equal(run.semaphore.free, policy.capacity);
        // The queue is empty as well: five more requests can wait.
        const most = Math.max(...[1, 2, 3, 4, 5, 6, 7, 8].filter((permits) => run.semaphore.fits(permits)));
        const { granted, outcomes } = acquireAll(run.semaphore, Array(20).fill('a'), most);
        const refused = outcomes.map((outcome) => outcome.then((text) => text === 'queue_full a'));
        await nextTurn();
        const waiting = await Promise.all(refused.map((each) => Promise.race([each, Promise.resolve('waiting')])));
        assert.equal(waiting.filter((each) => each === 'waiting').length, 5);
        assert.equal(waiting.filter((each) => each === true).length, 15 - granted.length);
      }),
    );
  });
});
