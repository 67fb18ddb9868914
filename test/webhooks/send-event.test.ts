import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { type SendLimits, sendEvent } from '../../src/webhooks/send-event.ts';
import { type Answer, type Receiver, startReceiver } from './receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const receivers: Receiver[] = [];
after(() => Promise.all(receivers.map((each) => each.close())));

async function receiver(answer?: Answer): Promise<Receiver> {
  const started = await startReceiver(answer);
  receivers.push(started);
  return started;
}

const running = new AbortController().signal;
const send = (url: string, limits: Partial<SendLimits> = {}) =>
  sendEvent(
    { url, secret: SECRET, eventId: 'msg_1', payload: '{"type":"ä"}' },
    { timeoutMs: 5_000, allowPrivate: true, signal: running, ...limits },
  );

test('an event arrives signed, with the headers of the Standard Webhooks specification', async () => {
  const to = await receiver();
  const attempt = await send(to.url);
  assert.deepEqual([attempt.status, attempt.error], [204, null]);
  const [got] = to.received;
  assert.deepEqual([got?.id, got?.event], ['msg_1', { type: 'ä' }]);
  assert.equal(got?.headers['content-type'], 'application/json');
  assert.equal(got?.headers['webhook-timestamp'], String(Math.floor(attempt.at.getTime() / 1000)));
  to.verify(SECRET);
  assert.throws(() => to.verify(`whsec_${Buffer.alloc(32, 8).toString('base64')}`), /signature/);
});

test('every status that is not 2xx is a failure, and redirects are not followed', async () => {
  const other = await receiver();
  const to = await receiver((response, before) =>
    response.writeHead([500, 404, 302][before] ?? 200, { location: other.url }).end(),
  );
  const attempts = [await send(to.url), await send(to.url), await send(to.url), await send(to.url)];
  assert.deepEqual(
    attempts.map(({ status, error }) => [status, error]),
    [
      [500, 'Status 500.'],
      [404, 'Status 404.'],
      [302, 'Status 302: redirects are not followed.'],
      [200, null],
    ],
  );
  assert.equal(other.received.length, 0);
});

test('the header Retry-After of a response is read as seconds or as a date', async () => {
  const values = [
    '120',
    new Date(Date.now() + 90_000).toUTCString(),
    'Wed, 21 Oct 2015 07:28:00 GMT',
    'soon',
    '-5',
    '',
  ];
  const to = await receiver((response, before) => response.writeHead(503, { 'retry-after': values[before] }).end());
  const delays = [];
  for (const _ of values) delays.push((await send(to.url)).retryAfterMs);
  const [seconds, date, ...others] = delays;
  assert.equal(seconds, 120_000);
  assert.ok(Number(date) > 80_000 && Number(date) <= 90_000, String(date));
  assert.deepEqual(others, [0, null, null, null]);
});

test('a receiver that does not respond in time is a failure', async () => {
  const to = await receiver(() => undefined);
  const attempt = await send(to.url, { timeoutMs: 300 });
  assert.deepEqual([attempt.status, attempt.error], [null, 'No response within 0.3 s.']);
  assert.ok(attempt.ms >= 290 && attempt.ms < 3_000, String(attempt.ms));
});

test('the status counts, however long the body is', async () => {
  const endless = await receiver((response) => {
    response.writeHead(200);
    const write = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384))) {}
    };
    response.on('drain', write);
    write();
  });
  assert.deepEqual((await send(endless.url)).status, 200);
  const stuck = await receiver((response) => response.writeHead(200).write('a'));
  const attempt = await send(stuck.url, { timeoutMs: 300 });
  assert.deepEqual([attempt.status, attempt.error], [200, null]);
});

test('a receiver that changes the protocol is a failure', async () => {
  const server = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
      ),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const attempt = await send(`http://127.0.0.1:${port}`, { timeoutMs: 1_000 });
  assert.deepEqual([attempt.status, attempt.error], [101, 'Status 101.']);
  // Once all connections are closed.
  await new Promise((closed) => server.close(closed));
});

test('a receiver that is no HTTP server, or closed, is a failure', async () => {
  const server = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .resume()
      .end('hello\n'),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  assert.match((await send(`http://127.0.0.1:${port}`)).error ?? '', /^Connection failed \(HPE_/);
  assert.match((await send(`https://127.0.0.1:${port}`)).error ?? '', /^Connection failed \(/);
  await new Promise((closed) => server.close(closed));
  assert.equal((await send(`http://127.0.0.1:${port}`)).error, 'Connection refused.');
  assert.equal((await send('http://no-such-name.invalid')).error, 'The host name does not resolve.');
});

test('no connection is made to a private address, by number or by name', async () => {
  const to = await receiver();
  for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '2130706433', 'localhost']) {
    const attempt = await send(`http://${host}:${to.port}/`, { allowPrivate: false });
    assert.deepEqual([attempt.status, attempt.error], [null, 'The address is not public.'], host);
  }
  assert.equal(to.received.length, 0);
});

test('an attempt ends when the server stops', async () => {
  const to = await receiver(() => undefined);
  const stopping = new AbortController();
  const attempt = send(to.url, { signal: stopping.signal });
  setTimeout(() => stopping.abort(new Error('stopping')), 100);
  await assert.rejects(attempt, /stopping/);
});
