import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { call, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

test('the OpenAPI document is valid, and every call has a summary, an id and its replies', async () => {
  const { body } = await call(`${thena.url}/openapi.json`);
  const validated = await new Validator().validate(structuredClone(body));
  assert.equal(validated.valid, true, JSON.stringify(validated.errors));
  assert.equal(body.openapi, '3.1.0');
  const operations = Object.values<Record<string, Record<string, unknown>>>(body.paths).flatMap(Object.values);
  const ids = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { summary, operationId, responses } of operations) {
    assert(summary && operationId);
    assert('4XX' in (responses as object));
  }
  assert.equal(body.components.schemas.Problem.title, 'Problem');
});

test('the form of an upload and its options are documented', async () => {
  const { body } = await call(`${thena.url}/openapi.json`);
  const { schema } = body.paths['/api/v1/event/'].post.requestBody.content['multipart/form-data'];
  assert.deepEqual(Object.keys(schema.properties), [
    'file',
    'customer_id',
    'delimiter',
    'quote',
    'header',
    'on_error',
    'duplicates',
    'dry_run',
    'encoding',
    'corrects',
  ]);
  assert.deepEqual(schema.required, ['file', 'customer_id']);
});

test('every address answers with and without a slash at the end', async () => {
  await upload(thena.url, 'slash', 'a\n1\n');
  for (const path of [
    '/api/v1/customers/slash',
    '/api/v1/customers/slash/table',
    '/api/v1/analyze/types',
    '/docs',
    '/healthz',
  ]) {
    for (const url of [thena.url + path, `${thena.url}${path}/`]) assert.equal((await call(url)).status, 200, url);
  }
  for (const path of ['/api/v1/analyze', '/api/v1/analyze/']) {
    const json = { customer_id: 'slash', analyze_type: 10001 };
    assert.equal((await call(thena.url + path, { json })).status, 200, path);
  }
  const form = new FormData();
  form.append('file', new Blob(['a\n2\n']), 'a.csv');
  form.append('customer_id', 'slash');
  assert.equal((await call(`${thena.url}/api/v1/event`, { method: 'POST', body: form })).status, 202);
});

test('the analyze types are listed', async () => {
  const { body } = await call(`${thena.url}/api/v1/analyze/types`);
  assert.deepEqual(
    body.items.map(({ number, name }: { number: number; name: string }) => [number, name]),
    [
      [10000, 'time_difference'],
      [10001, 'total_rows'],
      [10002, 'time_span'],
      [10003, 'profile'],
      [10004, 'rows_over_time'],
      [10005, 'top_values'],
    ],
  );
});

test('it tells that it lives, that it is ready, and what it counts', async () => {
  assert.deepEqual((await call(`${thena.url}/healthz`)).body, { status: 'ok' });
  assert.deepEqual((await call(`${thena.url}/readyz`)).body, { status: 'ready' });
  const metrics = await call(`${thena.url}/metrics`);
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(metrics.body, /^# HELP /m);
});

test('the first page leads to the documentation, which loads nothing from elsewhere', async () => {
  const first = await call(thena.url);
  assert.deepEqual([first.status, first.headers.get('location')], [302, '/docs']);
  const page = await call(`${thena.url}/docs`);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self';/);
  const scripts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
  assert(scripts.length >= 4);
  for (const path of scripts) {
    assert(path.startsWith('./') || path.startsWith('/docs'), path);
    assert.equal((await call(new URL(path, `${thena.url}/docs/`).href)).status, 200, path);
  }
  assert.doesNotMatch(page.body, /<script>|<script [^>]*>[^<\s]/);
});

test('replies are not to be kept, sniffed or framed', async () => {
  for (const path of ['/healthz', '/api/v1/customers', '/nothing']) {
    const { headers } = await call(thena.url + path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
    assert.match(headers.get('x-request-id') ?? '', /^[\da-f-]{36}$/, path);
  }
});

test('HEAD tells what GET would', async () => {
  const response = await fetch(`${thena.url}/healthz`, { method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '');
});
