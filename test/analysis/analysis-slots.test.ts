import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AnalysisSlots, timeLimit } from '../../src/analysis/analysis-slots.ts';
import { customerId as customer } from '../builders.ts';

describe('analysis slots', () => {
  const { signal } = new AbortController();

  it('give a customer half, and let the others pass those that wait for their share', async () => {
    const slots = new AnalysisSlots(2);
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const start = (name: string) =>
      slots.run(customer(name), timeLimit(10_000), signal, async () => {
        order.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
      });
    const all = [start('a'), start('a'), start('b'), start('b')];
    await sleep(1);
    assert.deepEqual(order, ['a', 'b']);
    ends[1]?.();
    await sleep(1);
    assert.deepEqual(order, ['a', 'b', 'b']);
    ends[0]?.();
    await sleep(1);
    assert.deepEqual(order, ['a', 'b', 'b', 'a']);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('report an analysis that is cancelled or times out while it waits, and do not start it', async () => {
    const slots = new AnalysisSlots(1);
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = slots.run(customer('a'), timeLimit(10_000), signal, () => promise);
    const leaving = new AbortController();
    const notStarted = async () => assert.fail('it was started');
    const left = slots.run(customer('b'), timeLimit(10_000), leaving.signal, notStarted);
    const late = slots.run(customer('b'), timeLimit(5), signal, notStarted);
    leaving.abort();
    assert.deepEqual(await left, { kind: 'cancelled' });
    assert.deepEqual(await late, { kind: 'timed_out' });
    resolve();
    await first;
    const remaining = await slots.run(customer('c'), timeLimit(10_000), signal, async ({ deadlineMs }) => deadlineMs);
    assert.ok(typeof remaining === 'number' && remaining > 0 && remaining <= 10_000);
  });

  it('refuse the 101st waiting analysis of a customer, and the 1001st of all', async () => {
    const slots = new AnalysisSlots(1);
    const leaving = new AbortController();
    const wait = (name: string) => slots.run(customer(name), timeLimit(10_000), leaving.signal, () => sleep(10_000));
    const endless = new AbortController();
    const first = slots.run(customer('first'), timeLimit(10_000), signal, () =>
      sleep(10_000, undefined, { signal: endless.signal }).catch(() => undefined),
    );
    const waiting = Array.from({ length: 10 }, (_, index) => Array.from({ length: 100 }, () => wait(`c${index}`)));
    await assert.rejects(wait('another'), { code: 'too_many_analyses', detail: /server has 1000 waiting analyses/ });
    leaving.abort();
    await Promise.all(waiting.flat());
    const own = Array.from({ length: 100 }, () => slots.run(customer('a'), timeLimit(20), signal, () => sleep(1)));
    const refused = slots.run(customer('a'), timeLimit(20), signal, () => sleep(1));
    await assert.rejects(refused, { code: 'too_many_analyses', detail: 'Customer a has 100 waiting analyses.' });
    await Promise.all(own);
    endless.abort();
    await first;
  });
});
