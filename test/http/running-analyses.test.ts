import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, it } from 'node:test';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { DocumentedApi } from './documented-api.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
/** Several row groups: progress is counted in them. */
const ROWS = 1_500_000;

let thena: RunningThena;
let api: DocumentedApi;
/** Keys of two customers. */
let a: Record<string, string>;
let b: Record<string, string>;
before(async () => {
  thena = await startThena({
    THENA_ADMIN_KEY: ADMIN_KEY,
    THENA_CONCURRENT_ANALYSES: '2',
    THENA_ANALYSIS_SECONDS: '3600',
  });
  api = await DocumentedApi.of(thena.url);
  const keyOf = async (customer_id: string) => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const { body } = await call(`${thena.url}/api/v1/customers`, { json: { customer_id }, headers });
    return { authorization: `Bearer ${body.api_key.key}` };
  };
  a = await keyOf('a');
  b = await keyOf('b');
  const lines = Array.from({ length: ROWS }, (_, row) => `text ${(row * 7919) % 50_021}\n`);
  const { body } = await put(thena.url, 'a', `s\n${lines.join('')}`, { ...a, ...WAIT });
  assert.equal(body.status, 'complete', JSON.stringify(body.error));
});
after(() => thena.close());

/**
 * Takes many seconds. Another number makes it a different query. All rows meet the condition: DuckDB reports no progress while
 * a scan finds no row.
 */
function slow(number: number): object {
  const or = Array.from({ length: 30 }, (_, each) => ({ column: 's', op: 'like', value: `%x${each}_${number}%y_` }));
  return { measures: [{ fn: 'count' }], where: { not: { or } } };
}
/** Asks again while ClickHouse of the tests starts again, after a query that was cancelled before. */
async function ask(query: object, id: string, signal: AbortSignal | null = null): Promise<Reply> {
  for (;;) {
    const reply = await call(`${thena.url}/api/v1/analyze/`, {
      json: { customer_id: 'a', query },
      headers: { ...a, 'Thena-Analysis-Id': id },
      signal,
    });
    if (reply.status !== 503) return reply;
  }
}
async function analyses(path = '', method = 'GET', headers = a, customer = 'a'): Promise<Reply> {
  const url = `/api/v1/customers/${customer}/analyses${path}`;
  const reply = await call(`${thena.url}${url}`, { method, headers });
  api.check(method, url, undefined, reply);
  return reply;
}
const listed = async () => (await analyses()).body.items.map(({ id }: { id: string }) => id);
const cancelled = async (asked: Promise<Reply>) => {
  const { status, body } = await asked;
  return [status, body.code];
};

it('lists a running analysis with its progress, and cancels it', async () => {
  const id = randomUUID();
  const asked = ask(slow(0), id.toUpperCase());
  await until(async () => ((await analyses(`/${id}`)).body.fraction_done ?? 0) > 0);
  const { body } = await analyses();
  const [{ started_at, fraction_done, ...rest }] = body.items;
  assert.deepEqual([rest, body.next_cursor, body.items.length], [{ id, name: 'query' }, null, 1]);
  assert.ok(Math.abs(Date.now() - Date.parse(started_at)) < 60_000);
  assert.ok(fraction_done > 0 && fraction_done <= 1, fraction_done);
  assert.equal((await analyses(`/${id}`, 'DELETE')).status, 204);
  assert.deepEqual(await cancelled(asked), [409, 'analysis_cancelled']);
  assert.deepEqual(await listed(), []);
  for (const method of ['GET', 'DELETE']) {
    const gone = await analyses(`/${id}`, method);
    assert.deepEqual([gone.status, gone.body.code], [404, 'analysis_not_found']);
  }
});

it('cancels one of two requests for the same result, while the query continues for the other', async () => {
  const [one, two] = [randomUUID(), randomUUID()];
  const first = ask(slow(1), one);
  const second = ask(slow(1), two);
  await until(async () => (await listed()).length === 2);
  await analyses(`/${one}`, 'DELETE');
  assert.deepEqual(await cancelled(first), [409, 'analysis_cancelled']);
  assert.deepEqual(await listed(), [two]);
  const { status, body } = await second;
  assert.deepEqual([status, body.result?.rows], [200, [[ROWS]]]);
});

it('cancels an analysis that waits for a slot, and forgets one whose client disconnects', async () => {
  // A customer has at most half of the slots.
  const [running, waiting] = [randomUUID(), randomUUID()];
  const sender = new AbortController();
  const first = ask(slow(2), running, sender.signal);
  await until(async () => (await listed()).length === 1);
  const second = ask(slow(3), waiting);
  await until(async () => (await listed()).length === 2);
  assert.equal((await analyses(`/${waiting}`)).body.fraction_done, null);
  await analyses(`/${waiting}`, 'DELETE');
  assert.deepEqual(await cancelled(second), [409, 'analysis_cancelled']);
  sender.abort();
  await assert.rejects(first, { name: 'AbortError' });
  await until(async () => (await listed()).length === 0);
});

it('shows and cancels analyses of the own customer only', async () => {
  const id = randomUUID();
  const asked = ask(slow(4), id);
  await until(async () => (await listed()).length === 1);
  assert.deepEqual((await analyses('', 'GET', b, 'b')).body.items, []);
  assert.equal((await analyses(`/${id}`, 'DELETE', b, 'b')).body.code, 'analysis_not_found');
  assert.equal((await analyses(`/${id}`, 'DELETE', b, 'a')).body.code, 'customer_not_found');
  const again = await ask(slow(5), id);
  assert.deepEqual([again.status, again.body.code], [409, 'analysis_id_in_use']);
  await analyses(`/${id}`, 'DELETE');
  assert.deepEqual(await cancelled(asked), [409, 'analysis_cancelled']);
});

it('refuses an ID that is no UUID', async () => {
  const { status, body } = await ask(slow(6), 'x');
  assert.deepEqual([status, body.code], [400, 'bad_request']);
});
