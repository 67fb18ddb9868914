import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { call, type RunningThena, startThena, upload } from '../server.ts';

interface Operation {
  readonly summary: string;
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

test('serves a valid OpenAPI document, in which every operation has a summary, an ID and its responses', async () => {
  const { body } = await call(`${thena.url}/openapi.json`);
  const validated = await new Validator().validate(structuredClone(body));
  assert.equal(validated.valid, true, JSON.stringify(validated.errors));
  assert.equal(body.openapi, '3.1.0');
  const operations = Object.values<Record<string, Operation>>(body.paths).flatMap((each) => Object.values(each));
  const ids = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const { summary, operationId, responses } of operations) {
    assert(summary && operationId);
    assert('default' in responses);
    for (const { description } of Object.values(responses)) {
      assert.notEqual(description, 'Default Response', operationId);
    }
  }
});

test('serves the OpenAPI document that docs/openapi.json has', async () => {
  const withKeys = await startThena({ THENA_ADMIN_KEY: 'an-admin-key-for-tests-only' });
  const { body } = await call(`${withKeys.url}/openapi.json`);
  await withKeys.close();
  const file = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  assert.deepEqual(body, file, 'docs/openapi.json is out of date. Update it with: npm run build:openapi');
});

test('documents examples that match their schemas', async () => {
  const { body } = await call(`${thena.url}/openapi.json`);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'openapi', ...body });
  let examples = 0;
  const visit = (part: unknown, pointer: string): void => {
    if (typeof part !== 'object' || part === null) return;
    const schema = part as { readonly examples?: unknown };
    if (Array.isArray(schema.examples)) {
      for (const example of schema.examples) {
        assert(ajv.validate({ $ref: `openapi#${pointer}` }, example), `${pointer}: ${JSON.stringify(ajv.errors)}`);
        examples++;
      }
    }
    for (const [name, member] of Object.entries(part)) visit(member, `${pointer}/${encodeURIComponent(name)}`);
  };
  visit(body.components.schemas, '/components/schemas');
  assert(examples > 10);
});

test('documents the form of an upload and its options', async () => {
  const { body } = await call(`${thena.url}/openapi.json`);
  const { schema } = body.paths['/api/v1/event/'].post.requestBody.content['multipart/form-data'];
  assert.deepEqual(schema, { $ref: '#/components/schemas/UploadForm' });
  const form = body.components.schemas.UploadForm;
  assert.deepEqual(Object.keys(form.properties), [
    'file',
    'customer_id',
    'delimiter',
    'quote',
    'header',
    'encoding',
    'skip_lines',
    'comment',
    'escape',
    'decimal',
    'thousands',
    'nulls',
    'time_zone',
    'date_order',
    'widen',
    'surplus',
    'strip_nul',
    'on_error',
    'duplicates',
    'time_column',
    'columns',
    'dry_run',
    'corrects',
  ]);
  assert.deepEqual(form.required, ['file', 'customer_id']);
});

test('answers every path with and without a trailing slash', async () => {
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

test('lists the analyze types', async () => {
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

test('reports liveness, readiness and metrics', async () => {
  assert.deepEqual((await call(`${thena.url}/healthz`)).body, { status: 'ok' });
  assert.deepEqual((await call(`${thena.url}/readyz`)).body, { status: 'ready', missing: [] });
  const metrics = await call(`${thena.url}/metrics`);
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  assert.match(metrics.body, /^# HELP /m);
});

test('serves the documentation, which loads nothing from other sites', async () => {
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

test('forbids caching, content sniffing and framing of responses', async () => {
  for (const path of ['/healthz', '/api/v1/customers', '/nothing']) {
    const { headers } = await call(thena.url + path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
    assert.equal(headers.get('referrer-policy'), 'no-referrer', path);
    assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
    assert.match(headers.get('x-request-id') ?? '', /^[\da-f-]{36}$/, path);
  }
});

test('answers HEAD like GET, without a body', async () => {
  const response = await fetch(`${thena.url}/healthz`, { method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), '');
});
