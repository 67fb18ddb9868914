import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { QueueOptions, Share } from '../../src/fair-semaphore.ts';
import { acquireAll, QUEUE } from './acquire-all.ts';
import { abort, acquire, MAX_WAIT_MS, pass, type Request, Run, release, type Step, stepsOf } from './random-steps.ts';

const shares = fc.constantFrom<Share>('all', 'half', 'dynamic', 2);

describe('a fair semaphore, for every sequence of steps', () => {
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
