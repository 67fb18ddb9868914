import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { judgeAttempt } from '../../src/webhooks/retry-schedule.ts';

const { webhookRetryMs } = readConfig({});
const FAILED = { status: 500, error: 'Status 500.', retryAfterMs: null };

test('a failed delivery is tried again for about a day, with delays that grow', () => {
  const delays = webhookRetryMs.map((_, earlier) => {
    const verdict = judgeAttempt(FAILED, earlier, webhookRetryMs, 0);
    return verdict.kind === 'retry' ? verdict.delayMs : assert.fail();
  });
  assert.deepEqual(
    delays,
    delays.toSorted((a, b) => a - b),
  );
  const hours = delays.reduce((sum, each) => sum + each) / 3_600_000;
  assert.ok(hours > 22 && hours < 26, String(hours));
  assert.equal(judgeAttempt(FAILED, delays.length, webhookRetryMs).kind, 'failed');
});

test('delays are extended by up to a fifth', () => {
  assert.deepEqual(judgeAttempt(FAILED, 0, [1000], 1), { kind: 'retry', delayMs: 1200 });
  assert.deepEqual(judgeAttempt({ status: null, error: 'x', retryAfterMs: null }, 0, [1000], 0.5), {
    kind: 'retry',
    delayMs: 1100,
  });
});

test('a success and 410 end a delivery at once', () => {
  assert.deepEqual(judgeAttempt({ status: 200, error: null, retryAfterMs: null }, 0, [1000]), { kind: 'delivered' });
  assert.deepEqual(judgeAttempt({ status: 410, error: 'Status 410.', retryAfterMs: 5 }, 0, [1000]), { kind: 'gone' });
});

test('a receiver is not sent an event again before the time that it has asked for, but within a day', () => {
  const delayFor = (retryAfterMs: number) => judgeAttempt({ ...FAILED, retryAfterMs }, 0, [1000], 0);
  assert.deepEqual(delayFor(60_000), { kind: 'retry', delayMs: 60_000 });
  assert.deepEqual(delayFor(10), { kind: 'retry', delayMs: 1000 });
  assert.deepEqual(delayFor(1e12), { kind: 'retry', delayMs: 86_400_000 });
});
