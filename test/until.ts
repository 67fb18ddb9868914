import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a condition holds. @throws AssertionError if it does not within the time */
export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await holds()); await sleep(20)) {
    assert.ok(Date.now() < deadline, `not within ${timeoutMs} ms: ${holds}`);
  }
}
