import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, it, mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineClient } from '../../src/engine/engine-client.ts';
import { call, type Reply, type RunningThena, startThena, upload } from '../server.ts';

/** Far more than what the buffers between the two ends of a connection hold. */
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

/** Opens an export and reads nothing of it. */
async function open(query?: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get(urlOf(query), resolve).once('error', reject);
  const response = await promise;
  assert.equal(response.statusCode, 200);
  return response;
}

/** Reads what is left. @throws where it does not end as it should */
async function rest(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  return bytes;
}

/** Waits for a moment that comes. */
async function until(hasCome: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await hasCome())) await sleep(20);
}

it('a reader that does not read stops the engine, and gets everything when it goes on', async () => {
  await start();
  const asked = mock.method(EngineClient.prototype, 'call');
  const pieces = (head: string): number =>
    asked.mock.calls.filter(({ arguments: [operation, params] }) => {
      const format = operation === 'export_rows' && params && 'format' in params ? params.format : null;
      return format?.kind === 'text' && format.head === head;
    }).length;
  const slow = await open();
  // As long as this takes, the other could have been done, too.
  const fast = await rest(await open('columns=s,n'));
  assert.equal(fast, BYTES);
  assert.ok(pieces('s,n\n') > 15);
  assert.ok(pieces('n,s\n') < pieces('s,n\n') / 2, `${pieces('n,s\n')} of ${pieces('s,n\n')} pieces`);
  assert.equal(await rest(slow), BYTES);
  assert.equal(pieces('n,s\n'), pieces('s,n\n'));
});

it('exports beyond those that may be at once are refused, and a place is free when a reader has gone', async () => {
  await start({ THENA_CONCURRENT_EXPORTS: '2' });
  const slow = await open();
  const refused = await call(urlOf());
  assert.deepEqual([refused.status, refused.body.code], [503, 'too_many_exports']);
  assert.ok(refused.headers.get('retry-after'));
  const query = { measures: [{ fn: 'count' }] };
  const counted = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'big', query } });
  assert.deepEqual(counted.body.result.rows, [[ROWS]], 'queries have slots of their own');
  slow.destroy();
  await until(async () => (await call(urlOf('columns=n'))).status === 200);
  assert.ok(!thena.observations.some(({ kind }) => kind === 'request_failed'), 'a reader that goes is no failure');
});

it('a reader that reads nothing for THENA_IDLE_SECONDS is cut off', async () => {
  await start({ THENA_IDLE_SECONDS: '1', THENA_CONCURRENT_EXPORTS: '2' });
  const slow = await open();
  await until(async () => (await call(urlOf('columns=n'))).status === 200);
  await assert.rejects(rest(slow), { code: 'ECONNRESET' });
});

it('an upload goes on beside a slow export, which is of the state that it began with', async () => {
  await start();
  const slow = await open();
  const more = await upload(thena.url, 'big', csv(ROWS, ROWS + 10));
  assert.equal(more.body.status, 'complete', JSON.stringify(more.body));
  assert.equal(await rest(slow), BYTES);
});

it('an upload that is undone in the middle of an export cuts it off, though its rows would have come last', async () => {
  await start();
  const more = await upload(thena.url, 'big', csv(ROWS, ROWS + 10));
  const slow = await open();
  const undone = await call(`${thena.url}/api/v1/uploads/${more.body.id}`, { method: 'DELETE' });
  assert.equal(undone.body.status, 'undone');
  await assert.rejects(rest(slow), { code: 'ECONNRESET' });
  await until(() => thena.observations.some(({ kind }) => kind === 'request_failed'));
  assert.equal((await call(urlOf())).body.length, BYTES);
});

it('a customer is deleted beside a slow export, which is cut off', async () => {
  await start();
  const slow = await open();
  assert.equal((await call(`${thena.url}/api/v1/customers/big`, { method: 'DELETE' })).status, 204);
  await assert.rejects(rest(slow), { code: 'ECONNRESET' });
});

it('an engine that dies while nobody asks it for anything harms no export', async () => {
  await start();
  const asked = mock.method(EngineClient.prototype, 'call');
  const slow = await open();
  // The slow one stands still by then.
  await rest(await open('columns=s,n'));
  await Promise.all(asked.mock.calls.map(({ result }) => result));
  const { pid = 0 } = thena.observations.findLast(({ kind }) => kind === 'engine_started') as { pid?: number };
  process.kill(pid, 'SIGKILL');
  await until(() => thena.observations.some(({ kind }) => kind === 'engine_stopped'));
  assert.equal(await rest(slow), BYTES);
});

it('Parquet is sent to a slow reader from a file that holds nothing of the table', async () => {
  await start();
  const slow = await open('format=parquet');
  assert.equal((await call(`${thena.url}/api/v1/customers/big`, { method: 'DELETE' })).status, 204);
  // Small, and all of it may have been sent before the table went.
  await rest(slow).catch(({ code }) => assert.equal(code, 'ECONNRESET'));
});
