import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Compile } from 'typebox/compile';
import { call, formOf, type Reply, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
let paths: Record<
  string,
  Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
>;
let shapes: Record<string, object>;
before(async () => {
  thena = await startThena();
  const { body } = await call(`${thena.url}/openapi.json`);
  paths = body.paths;
  shapes = body.components.schemas;
});
after(() => thena.close());

/** A schema with its references put in, and closed to members that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, ...rest } = schema as Record<string, unknown>;
  if (typeof $ref === 'string') return closed(shapes[$ref.replace('#/components/schemas/', '')]);
  const members = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, closed(value)]));
  return 'properties' in members ? { additionalProperties: false, ...members } : members;
}

function isDocumented(method: string, path: string, reply: Reply): void {
  const { responses } = paths[path]?.[method] ?? assert.fail(`${method} ${path} is not documented`);
  const response = responses[reply.status] ?? responses[`${String(reply.status)[0]}XX`];
  const type = reply.headers.get('content-type')?.split(';')[0] ?? '';
  const { schema } = response?.content?.[type] ?? assert.fail(`${method} ${path}: ${reply.status} ${type}`);
  const [first] = Compile(closed(schema) as never).Errors(reply.body);
  assert.equal(first, undefined, `${method} ${path}: ${JSON.stringify(first)} in ${JSON.stringify(reply.body)}`);
}

const CSV = 'day,amount\n2024-01-02,1\n2024-01-01,2\n';

test('replies are as documented: an upload that is complete, waiting or failed', async () => {
  const done = await upload(thena.url, 'shown', CSV);
  assert.equal(done.status, 200);
  isDocumented('post', '/api/v1/event/', done);
  const body = formOf(['file', Buffer.from(CSV)], ['customer_id', 'shown']);
  isDocumented('post', '/api/v1/event/', await call(`${thena.url}/api/v1/event/`, { method: 'POST', body }));
  const failed = await upload(thena.url, 'shown', 'day,amount\nnever,1\n');
  assert.equal(failed.body.status, 'failed', JSON.stringify(failed.body));
  isDocumented('post', '/api/v1/event/', failed);
  isDocumented('get', '/api/v1/uploads/{id}', await call(`${thena.url}/api/v1/uploads/${failed.body.id}`));
  const listed = await call(`${thena.url}/api/v1/customers/shown/uploads`);
  assert(listed.body.items.length >= 3);
  isDocumented('get', '/api/v1/customers/{id}/uploads', listed);
});

test('replies are as documented: customers, keys and tables', async () => {
  const columns = [{ name: 'at', type: 'timestamp' }];
  const json = { customer_id: 'declared', time_column: 'at', columns };
  isDocumented('post', '/api/v1/customers', await call(`${thena.url}/api/v1/customers`, { json }));
  await upload(thena.url, 'shown-table', CSV);
  isDocumented('get', '/api/v1/customers', await call(`${thena.url}/api/v1/customers`));
  isDocumented('get', '/api/v1/customers/{id}', await call(`${thena.url}/api/v1/customers/shown-table`));
  isDocumented('get', '/api/v1/customers/{id}/table', await call(`${thena.url}/api/v1/customers/shown-table/table`));
  const keys = `${thena.url}/api/v1/customers/declared/keys`;
  isDocumented('post', '/api/v1/customers/{id}/keys', await call(keys, { json: {} }));
  isDocumented('get', '/api/v1/customers/{id}/keys', await call(keys));
});

test('replies are as documented: every standing answer, and refusals', async () => {
  await upload(thena.url, 'answers', CSV);
  for (const analyze_type of [10000, 10001, 10002, 1]) {
    const reply = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'answers', analyze_type } });
    isDocumented('post', '/api/v1/analyze/', reply);
  }
  isDocumented('get', '/api/v1/analyze/types', await call(`${thena.url}/api/v1/analyze/types`));
  isDocumented('get', '/healthz', await call(`${thena.url}/healthz`));
  isDocumented('get', '/readyz', await call(`${thena.url}/readyz`));
});
