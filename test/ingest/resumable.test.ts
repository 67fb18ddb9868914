import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, begin, idOf, send, TUS } from '../http/tus-requests.ts';
import { call, ended, put, type RunningThena, startThena, totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import { sendAndPause } from './paused-sender.ts';

it('refuses a resumable file for its first bytes with the reason, however large it is, and keeps nothing of it', async () => {
  const thena = await startThena();
  try {
    await upload(thena.url, 'strict', 'a,b\n1,2\n');
    // More than the head, so that the reception stops reading in the middle.
    const bytes = Buffer.from(`x,y\n${'1,2\n'.repeat(300_000)}`);
    const created = await begin(thena.url, bytes.length, { customer_id: 'strict' });
    const address = thena.url + created.headers.get('location');
    const { status, body } = await send(address, 0, bytes);
    assert.deepEqual([status, body.code], [422, 'columns_differ']);
    assert.equal((await ask(address)).status, 404);
    for (const folder of ['spool', 'resumable']) assert.deepEqual(readdirSync(join(thena.dataDir, folder)), []);
  } finally {
    await thena.close();
  }
});

it('keeps a whole resumable file of a customer with too many uploads, and loads it once there is room', async () => {
  const thena = await startThena({ THENA_MAX_WAITING_UPLOADS: '1', THENA_CONCURRENT_LOADS: '1' });
  try {
    const other = await sendAndPause(thena.url, 'other');
    await put(thena.url, 'crowd', 'n\n1\n');
    const created = await begin(thena.url, 4, { customer_id: 'crowd' });
    const address = thena.url + created.headers.get('location');
    const refused = await send(address, 0, Buffer.from('n\n2\n'));
    // Clients of the protocol give up at 429, but repeat a request after 503.
    assert.deepEqual([refused.status, refused.body.code], [503, 'queue_full']);
    assert.match(refused.body.detail, /^Customer crowd has 1 uploads waiting.*do not send it again\.$/);
    assert.equal(refused.headers.get('retry-after'), '5');
    // Asking again is no loss either.
    assert.equal((await ask(address)).status, 503);
    assert.equal((await call(`${thena.url}/api/v1/uploads/${idOf(address)}`)).body.status, 'receiving');
    other.destroy();
    await until(async () => (await ask(address)).status === 200);
    assert.equal((await ended(thena.url, idOf(address))).status, 'complete');
    assert.equal(await totalRows(thena.url, 'crowd'), 2);
  } finally {
    await thena.close();
  }
});

describe('a resumable file that waits for a receive slot', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({ THENA_MAX_RECEIVES: '1' });
  });
  after(() => thena.close());

  /** Sends the start of a file, and then nothing: it holds the only slot, or waits for it. */
  function stall(customer: string): ClientRequest {
    const client = request(`${thena.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
    client.on('error', () => undefined);
    client.write('a,b\n1,2\n');
    return client;
  }

  async function createFile(customer: string, length: number): Promise<string> {
    const { headers } = await begin(thena.url, length, { customer_id: customer });
    return thena.url + headers.get('location');
  }

  async function assertCancelsAtOnce(address: string): Promise<void> {
    const cancelling = call(`${thena.url}/api/v1/uploads/${idOf(address)}`, { method: 'DELETE' });
    const cancelled = await Promise.race([cancelling, sleep(5_000, null, { ref: false })]);
    assert.deepEqual([cancelled?.status, cancelled?.body.status], [200, 'cancelled']);
    assert.deepEqual(readdirSync(join(thena.dataDir, 'resumable')), []);
  }

  it('for its last bytes is cancelled at once', async () => {
    const address = await createFile('appends', 4);
    const slow = stall('slow');
    await sleep(100);
    const sent = send(address, 0, Buffer.from('a\n1\n'));
    await sleep(100);
    await assertCancelsAtOnce(address);
    slow.destroy();
    assert.equal((await sent).body.code, 'upload_not_found');
  });

  it('when it is whole is cancelled at once', async () => {
    const address = await createFile('finishes', 4);
    const last = request(address, {
      method: 'PATCH',
      headers: { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    });
    const answered = once(last, 'response');
    last.write('a\n1');
    await sleep(100);
    // It gets the slot between the last byte and the reception of the whole file.
    const slow = stall('slow');
    await sleep(100);
    last.end('\n');
    await sleep(100);
    await assertCancelsAtOnce(address);
    const [response] = (await answered) as [IncomingMessage];
    assert.equal(((await json(response)) as { code: string }).code, 'upload_cancelled');
    slow.destroy();
  });
});
