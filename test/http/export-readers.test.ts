import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, it, mock } from 'node:test';
import { EngineClient } from '../../src/engine/engine-client.ts';
import { call, type Reply, type RunningThena, startThena, upload } from '../server.ts';
import { until } from '../until.ts';

/** Far more than the buffers between the two ends of a connection hold. */
const ROWS = 150_000;
const LINE = 300;

const csv = (from: number, to: number): string => {
  const lines = Array.from({ length: to - from }, (_, index) => `${1_000_000 + from + index},`.padEnd(LINE - 1, 'x'));
  return `n,s\n${lines.join('\n')}\n`;
};
const BYTES = csv(0, ROWS).length;

let thena: RunningThena;
let sent: Reply;
async function start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  thena = await startThena(settings);
  sent = await upload(thena.url, 'big', csv(0, ROWS));
  assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
}
afterEach(async () => {
  mock.restoreAll();
  await thena.close();
});

const urlOf = (query = 'format=csv'): string => `${thena.url}/api/v1/customers/big/table/export?${query}`;

/** Starts an export and reads nothing of it. */
async function open(query?: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(urlOf(query), resolve).once('error', reject);
  const response = await promise;
  assert.equal(response.statusCode, 200);
  return response;
}

/** Reads the rest. @throws if the response is cut off */
async function rest(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  return bytes;
}

it('pauses the engine while the client does not read, and sends everything once it continues', async () => {
  await start();
  const asked = mock.method(EngineClient.prototype, 'call');
  const chunks = (head: string): number =>
    asked.mock.calls.filter(({ arguments: [operation, params] }) => {
      const format = operation === 'export_rows' && params && 'format' in params ? params.format : null;
      return typeof format === 'object' && format?.kind === 'text' && format.head === head;
    }).length;
  const slow = await open();
  // In this time, the other export could have finished as well.
  const fast = await rest(await open('columns=s,n'));
  assert.equal(fast, BYTES);
  assert.ok(chunks('s,n\n') > 15);
  assert.ok(chunks('n,s\n') < chunks('s,n\n') / 2, `${chunks('n,s\n')} of ${chunks('s,n\n')} chunks`);
  assert.equal(await rest(slow), BYTES);
  assert.equal(chunks('n,s\n'), chunks('s,n\n'));
});

it('refuses exports beyond the limit, until another client disconnects', async () => {
  await start({ THENA_CONCURRENT_EXPORTS: '2' });
  const slow = await open();
  const refused = await call(urlOf());
  assert.deepEqual([refused.status, refused.body.code], [503, 'too_many_exports']);
  assert.ok(refused.headers.get('retry-after'));
  const query = { measures: [{ fn: 'count' }] };
  const counted = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'big', query } });
  assert.deepEqual(counted.body.result.rows, [[ROWS]], 'the limit does not apply to queries');
  slow.destroy();
  await until(async () => (await call(urlOf('columns=n'))).status === 200);
  assert.ok(!thena.observations.some(({ kind }) => kind === 'request_failed'), 'a disconnect is not a failure');
});

it('disconnects a client that reads nothing for THENA_IDLE_SECONDS', async () => {
  await start({ THENA_IDLE_SECONDS: '1', THENA_CONCURRENT_EXPORTS: '2' });
  const slow = await open();
  await until(async () => (await call(urlOf('columns=n'))).status === 200);
  await assert.rejects(rest(slow), { code: 'ECONNRESET' });
});

it('loads an upload during a slow export, which still has the version that it started with', async () => {
  await start();
  const slow = await open();
  const more = await upload(thena.url, 'big', csv(ROWS, ROWS + 10));
  assert.equal(more.body.status, 'complete', JSON.stringify(more.body));
  assert.equal(await rest(slow), BYTES);
});

it('cuts off an export if an upload is undone, even one whose rows would have come last', async () => {
  await start();
  const more = await upload(thena.url, 'big', csv(ROWS, ROWS + 10));
  const slow = await open();
  const undone = await call(`${thena.url}/api/v1/uploads/${more.body.id}`, { method: 'DELETE' });
  assert.equal(undone.body.status, 'undone');
  await assert.rejects(rest(slow), { code: 'ECONNRESET' });
  await until(() => thena.observations.some(({ kind }) => kind === 'request_failed'));
  assert.equal((await call(urlOf())).body.length, BYTES);
});

it('deletes a customer during a slow export, which is cut off', async () => {
  await start();
  const slow = await open();
  assert.equal((await call(`${thena.url}/api/v1/customers/big`, { method: 'DELETE' })).status, 204);
  await assert.rejects(rest(slow), { code: 'ECONNRESET' });
});

it('continues an export after the engine died while it was idle', async () => {
  await start();
  const asked = mock.method(EngineClient.prototype, 'call');
  const slow = await open();
  // By then the slow export is paused.
  await rest(await open('columns=s,n'));
  await Promise.all(asked.mock.calls.map(({ result }) => result));
  const { pid = 0 } = thena.observations.findLast(({ kind }) => kind === 'engine_started') as { pid?: number };
  process.kill(pid, 'SIGKILL');
  await until(() => thena.observations.some(({ kind }) => kind === 'engine_stopped'));
  assert.equal(await rest(slow), BYTES);
});

it('deletes a table during a slow Parquet export, which is sent from a file', async () => {
  await start();
  const slow = await open('format=parquet');
  assert.equal((await call(`${thena.url}/api/v1/customers/big`, { method: 'DELETE' })).status, 204);
  // The file is small: it may have been sent completely before the table was deleted.
  await rest(slow).catch(({ code }) => assert.equal(code, 'ECONNRESET'));
});
