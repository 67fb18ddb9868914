import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { type ErrorCode, Problem } from '../../src/errors.ts';
import type { Observation } from '../../src/events.ts';
import { refuseUnguardedRoutes } from '../../src/http/access/access.ts';
import { problemReplies } from '../../src/http/problems/problem-reply.ts';
import { preferredWaitMs } from '../../src/http/uploads/preferred-wait.ts';
import { StorageFailure } from '../../src/model/storage-failure.ts';
import { call, startThena } from '../server.ts';

test('builds no server with a route that does not state its required permission', async () => {
  const app = fastify();
  refuseUnguardedRoutes(app);
  app.get('/guarded', { config: { right: 'read' } }, () => '');
  assert.throws(() => app.get('/forgotten', () => ''), /\/forgotten does not set config\.right/);
  await app.close();
});

test('reads the preference `wait` in every syntax of RFC 7240, up to a maximum', () => {
  for (const [header, expected] of [
    ['wait=30', 30_000],
    ['respond-async, wait=5', 5_000],
    ['Wait = "7"', 7_000],
    ['wait=0', 0],
    ['wait=999999', 300_000],
    ['wait', null],
    ['wait=-1', null],
    ['await=3', null],
    [undefined, null],
  ] as const) {
    assert.equal(preferredWaitMs(header), expected, String(header));
  }
});

test('hides the cause of an internal error from the client, and observes it', async () => {
  const observed: Observation[] = [];
  const app = fastify();
  app.setErrorHandler(problemReplies((observation) => observed.push(observation)));
  app.get('/bug', () => {
    throw new TypeError('secret of customer 7');
  });
  app.get('/engine', () => {
    throw new StorageFailure('crashed', 'signal SIGSEGV');
  });
  app.get('/shard', () => {
    throw new StorageFailure('unavailable', 'b:8123 does not answer', { missing: ['ClickHouse shard 2 of 2'] });
  });
  const bug = await app.inject('/bug');
  assert.deepEqual([bug.statusCode, bug.json().code], [500, 'internal_error']);
  assert.doesNotMatch(bug.body, /secret|TypeError/);
  const engine = await app.inject('/engine');
  assert.deepEqual([engine.statusCode, engine.json().code], [503, 'engine_unavailable']);
  assert.equal(engine.headers['retry-after'], '5');
  const shard = (await app.inject('/shard')).json();
  assert.deepEqual([shard.status, shard.code, shard.missing], [503, 'tables_unavailable', ['ClickHouse shard 2 of 2']]);
  assert.doesNotMatch(JSON.stringify(shard), /8123/);
  assert.deepEqual(
    observed.map((one) => one.kind === 'request_failed' && one.error.message),
    ['secret of customer 7', 'signal SIGSEGV', 'b:8123 does not answer'],
  );
  await app.close();
});

test('observes no failure of the server if its disk is full or it is stopping', async () => {
  const observed: Observation[] = [];
  const app = fastify();
  app.setErrorHandler(problemReplies((observation) => observed.push(observation)));
  app.get('/:code', ({ params }) => {
    throw new Problem((params as { readonly code: ErrorCode }).code, 'Said by the test.');
  });
  for (const [code, status] of [
    ['disk_full', 507],
    ['shutting_down', 503],
    ['queue_full', 503],
  ] as const) {
    const reply = await app.inject(`/${code}`);
    assert.deepEqual([reply.statusCode, reply.json().code], [status, code]);
  }
  assert.deepEqual(observed, []);
  await app.close();
});

test('answers clients that wait for an upload when the server stops', async () => {
  const thena = await startThena();
  const url = `${thena.url}/api/v1/customers/patient/uploads`;
  const engine = thena.observations.find((observation) => observation.kind === 'engine_started')?.pid ?? 0;
  // No upload ends while the engine is paused.
  process.kill(engine, 'SIGSTOP');
  const waiting = call(url, { method: 'PUT', body: 'day,kind\n2024-01-03,b\n', headers: { prefer: 'wait=300' } });
  while ((await call(url)).body.items?.length !== 1);
  const stoppedAt = performance.now();
  const closed = thena.close();
  const { status, body, headers } = await waiting;
  assert(performance.now() - stoppedAt < 5_000, 'stopping takes no longer because a client waits');
  process.kill(engine, 'SIGCONT');
  await closed;
  assert.equal(status, 202);
  assert.match(body.status, /^(received|ingesting)$/);
  assert.equal(headers.get('preference-applied'), null);
});
