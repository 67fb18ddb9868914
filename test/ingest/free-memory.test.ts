import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeMemory } from '../../src/ingest/free-memory.ts';

test('a chunk that has memory of its own gives it back at once, and no other does', () => {
  const { arrayBuffers } = process.memoryUsage();
  const own = Buffer.allocUnsafeSlow(50_000_000);
  assert.ok(process.memoryUsage().arrayBuffers >= arrayBuffers + 50_000_000);
  freeMemory(own);
  assert.equal(own.length, 0);
  assert.ok(process.memoryUsage().arrayBuffers < arrayBuffers + 50_000_000);
  freeMemory(own);

  const whole = Buffer.allocUnsafeSlow(100);
  const part = whole.subarray(1);
  freeMemory(part);
  assert.equal(whole.length, 100);
  assert.equal(part.length, 99);
});
