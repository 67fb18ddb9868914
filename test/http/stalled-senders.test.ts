import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type RunningThena, startThena } from '../server.ts';

const CUSTOMER = '--b\r\nContent-Disposition: form-data; name="customer_id"\r\n\r\nstalls\r\n';
const FILE = '--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\na,b\n1,2\n';

describe('a client that stalls', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({ THENA_IDLE_SECONDS: '1', THENA_MAX_RECEIVES: '1' });
  });
  after(() => thena.close());

  function begin(path: string, ...sent: readonly (string | Buffer)[]): ClientRequest {
    const sender = request(`${thena.url}/api/v1/${path}`, {
      method: 'POST',
      headers: path === 'event/' ? { 'content-type': 'multipart/form-data; boundary=b' } : {},
    });
    sender.on('error', () => undefined);
    sender.flushHeaders();
    for (const bytes of sent) sender.write(bytes);
    return sender;
  }

  async function answerTo(sender: ClientRequest) {
    const [response] = (await once(sender, 'response', { signal: AbortSignal.timeout(9_000) })) as [IncomingMessage];
    // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
    return { status: response.statusCode, body: (await json(response)) as any };
  }

  for (const [when, path, ...sent] of [
    ['in the middle of a body', 'customers/stalls/uploads', 'a,b\n1,2\n'],
    ['before the first byte of a body', 'customers/stalls/uploads'],
    ['in the middle of a compressed body', 'customers/stalls/uploads', gzipSync('a,b\n1,2\n').subarray(0, 20)],
    ['before the parts of a form', 'event/', '--b\r\n'],
    ['in a part before the file of a form', 'event/', CUSTOMER.slice(0, -4)],
    ['before the file of a form', 'event/', CUSTOMER],
    ['in the file of a form', 'event/', CUSTOMER, FILE],
    ['in the file of a form that has no customer yet', 'event/', FILE],
    ['after the file of a form', 'event/', `${FILE}\r\n${CUSTOMER}`],
  ] as const) {
    it(`${when} is refused, and nothing of its file is kept`, async () => {
      const startedAt = performance.now();
      const { status, body } = await answerTo(begin(path, ...sent));
      assert.deepEqual([status, body.code, body.idle_seconds], [408, 'upload_too_slow', 1], JSON.stringify(body));
      assert.ok(performance.now() - startedAt > 900);
      assert.deepEqual(readdirSync(join(thena.dataDir, 'spool')), []);
    });
  }

  it('is not one that sends slowly, nor one that waits for a receive slot', async () => {
    const slow = begin('customers/slow/uploads', 'n\n');
    const slowAnswer = answerTo(slow);
    await sleep(50);
    const waits = begin('customers/waits/uploads', 'a\n1\n');
    const waitsAnswer = answerTo(waits);
    for (let sent = 0; sent < 6; sent++) {
      await sleep(400);
      slow.write(`${sent}\n`);
    }
    slow.end();
    assert.equal((await slowAnswer).status, 202);
    await sleep(300);
    waits.end('2\n');
    assert.equal((await waitsAnswer).status, 202);
  });
});
