import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FairSemaphore, type QueueOptions } from '../../src/fair-semaphore.ts';
import { acquireAll, QUEUE } from './acquire-all.ts';

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
