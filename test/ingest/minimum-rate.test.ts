import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fastEnough } from '../../src/ingest/receive/minimum-rate.ts';

const RATE = { windowMs: 50, bytes: 10 };

async function* sending(...pauses: readonly (readonly [ms: number, bytes: number])[]): AsyncGenerator<Buffer, void> {
  for (const [ms, bytes] of pauses) {
    await sleep(ms);
    yield Buffer.alloc(bytes);
  }
}

it('refuses a client that trickles bytes', async () => {
  const trickle = sending(...Array.from({ length: 20 }, () => [10, 1] as const));
  await assert.rejects(Array.fromAsync(fastEnough(trickle, RATE)), { code: 'upload_too_slow' });
});

it('lets a slow client that sends enough take any time', async () => {
  const steady = sending(...Array.from({ length: 20 }, () => [10, 10] as const));
  assert.equal((await Array.fromAsync(fastEnough(steady, RATE))).length, 20);
});

it('does not count the time that the server itself takes', async () => {
  let bytes = 0;
  for await (const chunk of fastEnough(sending(...Array.from({ length: 8 }, () => [0, 1] as const)), RATE)) {
    bytes += chunk.length;
    await sleep(20);
  }
  assert.equal(bytes, 8);
});
