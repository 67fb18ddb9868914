import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { childOf } from '../../harness/process-memory.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { analyze, call } from '../server.ts';

const header = 'at,id,t\n';
const rows = (from: number, count: number): string =>
  Array.from({ length: count }, (_, at) => `2024-01-01 00:00:00,${from + at},${'x'.repeat(80)}\n`).join('');

describe('after a crash', () => {
  let dataDir: string;
  let running: ThenaProcess | null = null;
  before(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'thena-crash-'));
  });
  after(() => rmSync(dataDir, { recursive: true }));
  afterEach(() => kill());

  async function start(): Promise<ThenaProcess> {
    running = await startThenaProcess(dataDir);
    return running;
  }

  async function kill(): Promise<void> {
    await running?.end('SIGKILL');
    running = null;
  }

  const put = (url: string, customer: string, body: string, prefer = 'wait=0') =>
    call(`${url}/api/v1/customers/${customer}/uploads`, { method: 'PUT', body, headers: { prefer } });

  async function ended(url: string, id: string) {
    for (;;) {
      const { body } = await call(`${url}/api/v1/uploads/${id}`);
      if (!['received', 'ingesting'].includes(body.status)) return body;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('stores every acknowledged upload once, whenever the process was killed', async () => {
    const acknowledged: { id: string; rows: number }[] = [];
    for (const delay of [0, 5, 20, 60, 120, 250, 500]) {
      const { url } = await start();
      const from = acknowledged.reduce((sum, each) => sum + each.rows, 0);
      const reply = await put(url, 'kept', header + rows(from, 60_000));
      assert.equal(reply.status, 202, JSON.stringify(reply.body));
      acknowledged.push({ id: reply.body.id, rows: 60_000 });
      await new Promise((resolve) => setTimeout(resolve, delay));
      await kill();
    }
    const { url } = await start();
    for (const { id, rows: count } of acknowledged) {
      const upload = await ended(url, id);
      assert.equal(upload.status, 'complete', JSON.stringify(upload.error));
      assert.equal(upload.receipt.appended, count);
    }
    const { body } = await analyze(url, 'kept', 10001);
    assert.equal(body.result.total_rows, 60_000 * acknowledged.length);
    // Its bytes are removed a moment after an upload is complete.
    for (let tries = 0; readdirSync(join(dataDir, 'spool')).length > 0 && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(readdirSync(join(dataDir, 'spool')), []);
  });

  it('leaves nothing of an upload that was not acknowledged', async () => {
    const { url } = await start();
    const controller = new AbortController();
    const sent = fetch(`${url}/api/v1/customers/unsent/uploads`, {
      method: 'PUT',
      duplex: 'half',
      signal: controller.signal,
      body: new ReadableStream({
        start(stream) {
          // More than the first segment, so that its load starts. The stream never ends.
          stream.enqueue(Buffer.from(header + rows(0, 150_000)));
        },
      }),
    } as RequestInit);
    const failed = assert.rejects(sent);
    for (;;) {
      const { body } = await call(`${url}/api/v1/customers/unsent/uploads`);
      if (body.items?.[0]?.attempts === 1) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await kill();
    await failed;
    const { url: again } = await start();
    assert.equal((await call(`${again}/api/v1/customers/unsent`)).status, 404);
    assert.deepEqual(readdirSync(join(dataDir, 'spool')), []);
  });

  it('leaves no engine process behind', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
    const { child } = await start();
    const engine = childOf(child.pid as number);
    assert.ok(engine);
    await kill();
    for (let tries = 0; tries < 100; tries++) {
      try {
        process.kill(engine, 0);
      } catch {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail('the engine is still running');
  });

  it('refuses to start a second process on the same folder, and says why', async () => {
    await start();
    await assert.rejects(startThenaProcess(dataDir), /is in use by another Thena process/);
  });
});
