import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { freeMemory } from '../../src/ingest/receive/free-memory.ts';
import { startThena } from '../server.ts';

test('frees the memory of a chunk that does not share it', () => {
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

test('receives a large file with the memory of a few chunks', async () => {
  const thena = await startThena();
  try {
    // The same buffer every time, so that the client allocates no memory.
    const rows = Buffer.from(
      '2024-01-01 00:00:00,1234567890,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n'.repeat(800),
    );
    function* file() {
      yield Buffer.from('at,id,name\n');
      for (let sent = 0; sent < 300_000_000; sent += rows.length) yield rows;
    }
    const { arrayBuffers: before } = process.memoryUsage();
    let most = 0;
    const watching = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 10);
    const sending = request(`${thena.url}/api/v1/customers/1/uploads`, { method: 'PUT' });
    const replied = once(sending, 'response');
    await pipeline(Readable.from(file()), sending);
    const [reply] = await replied;
    reply.resume();
    clearInterval(watching);
    assert.equal(reply.statusCode, 202);
    assert.ok(most < 16_000_000, `${most} bytes`);
  } finally {
    await thena.close();
  }
});
