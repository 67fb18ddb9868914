import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import type { Failpoint } from '../../src/failpoints.ts';
import { call, put, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { type Receiver, startReceiver } from '../webhooks/receiver.ts';
import { killOrderEnvironment, orderKill } from './kill-order.ts';

const ALL = ['upload.complete', 'upload.failed', 'upload.undone'];

let folder: string;
let to: Receiver;
/** What the receiver does with requests. */
let isSilent = false;
let running: ThenaProcess | null = null;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thena-crash-'));
  to = await startReceiver((response) => {
    if (!isSilent) response.writeHead(200).end();
  });
});
after(async () => {
  await running?.end('SIGKILL');
  await to.close();
  rmSync(folder, { recursive: true });
});

const start = async (): Promise<string> => {
  running = await startThenaProcess(join(folder, 'data'), [], {
    ...killOrderEnvironment(join(folder, 'order')),
    THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow',
  });
  return running.url;
};

async function exited(): Promise<void> {
  await until(() => running?.child.signalCode === 'SIGKILL', 30_000);
}

/** Kills the server at a failpoint that `work` reaches, and starts it again. @returns its new URL */
async function killedAt(failpoint: Failpoint, work: () => Promise<unknown>): Promise<string> {
  orderKill(join(folder, 'order'), { failpoint, nth: 1, victim: 'main' });
  await work().catch(() => undefined);
  await exited();
  return start();
}

test('an event is sent after a crash between its cause and its first attempt, or during the attempt', async () => {
  let url = await start();
  await call(`${url}/api/v1/customers`, { json: { customer_id: 'a' } });
  const { body: webhook } = await call(`${url}/api/v1/customers/a/webhooks`, { json: { url: to.url, events: ALL } });

  const first = url;
  url = await killedAt('committed', () => put(first, 'a', 'a\n1\n', WAIT));
  await until(() => to.received.length === 1);
  const [{ event }] = to.received as [Receiver['received'][number]];
  assert.deepEqual([event.type, event.data.status], ['upload.complete', 'complete']);

  const second = url;
  url = await killedAt('undone', () => call(`${second}/api/v1/uploads/${event.data.id}`, { method: 'DELETE' }));
  await until(() => to.received.length === 2);
  assert.equal(to.received[1]?.event.type, 'upload.undone');

  isSilent = true;
  await put(url, 'a', 'a\n2\n', WAIT);
  await until(() => to.received.length === 3);
  await running?.end('SIGKILL');
  isSilent = false;
  url = await start();
  await until(() => to.received.length === 4);
  assert.equal(to.received[2]?.id, to.received[3]?.id, 'another ID after the crash');
  to.verify(webhook.secret);
  const { items } = (await call(`${url}/api/v1/customers/a/webhooks/${webhook.id}/deliveries`)).body;
  assert.equal(items.length, 3);
});
