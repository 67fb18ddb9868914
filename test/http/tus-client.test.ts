import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Upload } from 'tus-js-client';
import { startThenaProcess } from '../../harness/thena-process.ts';
import { analyze, call, startThena } from '../server.ts';

const ROWS = 400_000;
const CSV = Buffer.from(`at,amount\n${'2024-01-01 00:00:00,1\n'.repeat(ROWS)}`);

/** Uploads the file with tus-js-client, which resumes on its own after a connection error. */
function sendByClient(endpoint: string, onProgress: (sent: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new Upload(CSV, {
      endpoint,
      metadata: { customer_id: 'client', filename: 'events.csv' },
      retryDelays: Array.from({ length: 200 }, () => 50),
      onProgress,
      onSuccess: () => resolve(client.url?.split('/').at(-1) ?? ''),
      onError: reject,
    });
    client.start();
  });
}

async function assertLoadedOnce(url: string, id: string): Promise<void> {
  const uploads = async () => (await call(`${url}/api/v1/customers/client/uploads`)).body.items;
  while ((await uploads())[0].finished_at === null) await sleep(20);
  const [{ status, receipt, ...upload }, ...others] = await uploads();
  assert.deepEqual([upload.id, status, receipt.appended, others], [id, 'complete', ROWS, []]);
  assert.equal((await analyze(url, 'client', 10001)).body.result.total_rows, ROWS);
}

test('receives every byte once from a client whose connection breaks repeatedly', async () => {
  const thena = await startThena();
  const sockets = new Set<Socket>();
  const { port } = new URL(thena.url);
  let connections = 0;
  let bytes = 0;
  // The proxy breaks each of the first connections after a number of bytes.
  const proxy = createServer((client) => {
    const onward = connect(Number(port), '127.0.0.1');
    let left = ++connections <= 5 ? 1_000_000 : Number.POSITIVE_INFINITY;
    for (const socket of [client, onward]) sockets.add(socket.on('error', () => undefined));
    client.on('data', (chunk) => {
      bytes += chunk.length;
      left -= chunk.length;
      if (left < 0) for (const socket of [client, onward]) socket.destroy();
      else if (!onward.write(chunk)) client.pause();
    });
    onward.on('drain', () => client.resume()).pipe(client);
    client.on('close', () => onward.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  try {
    const { port: broken } = proxy.address() as AddressInfo;
    const id = await sendByClient(`http://127.0.0.1:${broken}/api/v1/tus`, () => undefined);
    assert.ok(connections > 5);
    assert.ok(bytes < 2 * CSV.length, `${bytes} bytes were sent of a file of ${CSV.length}`);
    await assertLoadedOnce(thena.url, id);
  } finally {
    for (const socket of sockets) socket.destroy();
    proxy.close();
    await thena.close();
  }
});

test('lets a client resume after the server was killed and restarted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-tus-'));
  let thena = await startThenaProcess(folder);
  const { url } = thena;
  const { port } = new URL(url);
  let restarting: Promise<void> | null = null;
  const restart = async (): Promise<void> => {
    await thena.end('SIGKILL');
    thena = await startThenaProcess(folder, [], { THENA_PORT: port });
  };
  try {
    const id = await sendByClient(`${url}/api/v1/tus`, (sent) => {
      if (sent > CSV.length / 3) restarting ??= restart();
    });
    assert.ok(restarting, 'the server was killed');
    await restarting;
    await assertLoadedOnce(url, id);
  } finally {
    await thena.end('SIGKILL');
    await rm(folder, { recursive: true });
  }
});
