import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { analyze, call, formOf, type Reply, type RunningThena, startThena, upload } from '../server.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const CSV = 'at,amount\n2024-01-01 00:00:00,1\n';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

/** All other routes require a key. If a route that is not listed here answers without one, the test fails. */
const PUBLIC = [
  'GET /healthz',
  'GET /readyz',
  'GET /api/v1/analyze/types',
  'POST /api/v1/session',
  'DELETE /api/v1/session',
];
/** Says who the caller is. */
const CALLER = 'GET /api/v1/session';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operation: {
    readonly requestBody?: { readonly content: Record<string, unknown> };
    readonly security?: unknown[];
  };
}

const queryOf = (path: string): string => (path.includes('/analysis.') ? '?analyze_type=total_rows' : '');

describe('with keys', () => {
  let thena: RunningThena;
  let own: string;
  let other: string;
  let othersUpload: string;
  let operations: Operation[];

  before(async () => {
    thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
    own = await createCustomer('own');
    other = await createCustomer('other');
    const sent = await upload(thena.url, 'other', CSV, bearer(other));
    assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
    othersUpload = sent.body.id;
    const { paths } = (await call(`${thena.url}/openapi.json`)).body;
    operations = Object.entries<Record<string, Operation['operation']>>(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  });
  after(() => thena.close());

  async function createCustomer(id: string): Promise<string> {
    const { status, body } = await call(`${thena.url}/api/v1/customers`, {
      json: { customer_id: id },
      headers: bearer(ADMIN_KEY),
    });
    assert.equal(status, 201, JSON.stringify(body));
    return body.api_key.key;
  }

  /** Calls an operation for the customer `other`, with a valid body. */
  function attempt(
    { method, path, operation }: Operation,
    headers: Record<string, string>,
    customer = 'other',
  ): Promise<Reply> {
    const id = /\/(uploads|tus)\/\{id\}/.test(path) ? othersUpload : customer;
    const url =
      thena.url +
      path.replace('{id}', id).replace('{key_id}', 'key_x').replace('{format}', 'csv').replace('{webhook_id}', 'wh_x') +
      queryOf(path);
    const types = Object.keys(operation.requestBody?.content ?? {});
    if (path.includes('/tus')) {
      const metadata = `customer_id ${Buffer.from(customer).toString('base64')}`;
      const tus = { 'tus-resumable': '1.0.0', 'upload-length': '10', 'upload-metadata': metadata };
      return call(url, { method, headers: { ...tus, ...headers } });
    }
    if (types.includes('multipart/form-data')) {
      const body = formOf(['customer_id', customer], ['file', Buffer.from(CSV)]);
      return call(url, { method, body, headers });
    }
    if (types.includes('application/json')) {
      const json = path.includes('analyze')
        ? { customer_id: customer, analyze_type: 10001 }
        : path.endsWith('keys')
          ? {}
          : path.endsWith('webhooks')
            ? { url: 'https://example.com/', events: ['upload.complete'] }
            : path.endsWith('{webhook_id}')
              ? { description: null }
              : { customer_id: 'new' };
      return call(url, { method, json, headers });
    }
    return call(url, types.length === 0 ? { method, headers } : { method, headers, body: CSV });
  }

  /** The response to a HEAD request has no body, and therefore no code. */
  function assertProblem({ method, path }: Operation, reply: Reply, status: number, code: string): void {
    assert.equal(reply.status, status, `${method} ${path}`);
    if (method !== 'HEAD') assert.equal(reply.body.code, code, `${method} ${path}`);
  }

  const guarded = (): Operation[] => {
    const found = operations.filter(({ method, path }) => !PUBLIC.includes(`${method} ${path}`));
    assert(found.length > 12, 'the routes are documented');
    return found;
  };

  test('refuses requests without a key on every route', async () => {
    for (const operation of guarded()) {
      const reply = await attempt(operation, {});
      assertProblem(operation, reply, 401, 'key_missing');
      assert.match(reply.headers.get('www-authenticate') ?? '', /^Bearer /);
    }
  });

  test('refuses unknown keys on every route', async () => {
    for (const key of [`thena_${'A'.repeat(43)}`, `${own}x`, own.slice(0, -1), `${ADMIN_KEY}x`]) {
      for (const operation of guarded()) {
        assertProblem(operation, await attempt(operation, bearer(key)), 401, 'key_invalid');
      }
    }
  });

  test("answers another customer's key on every route as if the customer did not exist", async () => {
    for (const operation of guarded()) {
      const name = `${operation.method} ${operation.path}`;
      if (name === CALLER) continue;
      const reply = await attempt(operation, bearer(own));
      assert([403, 404].includes(reply.status), `${name} answered ${reply.status}`);
      if (reply.status === 404 && reply.body.code === 'customer_not_found') {
        const absent = await attempt(operation, bearer(own), 'absent');
        assert.deepEqual(JSON.stringify(reply.body).replaceAll('other', 'absent'), JSON.stringify(absent.body), name);
      }
    }
    assert.equal((await call(`${thena.url}/api/v1/customers/other/table`, { headers: bearer(other) })).body.rows, 1);
  });

  test("answers requests for another customer's upload as if it did not exist", async () => {
    const theirs = await call(`${thena.url}/api/v1/uploads/${othersUpload}`, { headers: bearer(own) });
    const absent = await call(`${thena.url}/api/v1/uploads/${othersUpload.replace(/^./, 'f')}`, {
      headers: bearer(own),
    });
    assert.deepEqual([theirs.status, theirs.body.code], [404, 'upload_not_found']);
    assert.deepEqual({ ...theirs.body, detail: '' }, { ...absent.body, detail: '' });
    assert.equal((await call(`${thena.url}/api/v1/uploads/${othersUpload}`, { headers: bearer(other) })).status, 200);
  });

  test('answers public routes without a key, and documents which they are', async () => {
    for (const { method, path, operation } of operations) {
      const isPublic = PUBLIC.includes(`${method} ${path}`);
      assert.equal(operation.security?.length === 0, isPublic, `${method} ${path}`);
      if (isPublic && method === 'GET') assert.equal((await call(thena.url + path)).status, 200);
    }
    assert.equal((await call(`${thena.url}/docs`)).status, 200);
  });

  test('creates no customer on upload, even for the administrator', async () => {
    const reply = await upload(thena.url, 'absent', CSV, bearer(ADMIN_KEY));
    assert.deepEqual([reply.status, reply.body.code], [404, 'customer_not_found']);
    assert.equal((await call(`${thena.url}/api/v1/customers/absent`, { headers: bearer(ADMIN_KEY) })).status, 404);
  });

  test('grants the permissions of a key until it is revoked', async () => {
    const keys = `${thena.url}/api/v1/customers/own/keys`;
    const made = await call(keys, { json: { label: 'dashboard', rights: ['read'] }, headers: bearer(ADMIN_KEY) });
    assert.equal(made.status, 201);
    const reader = bearer(made.body.key);
    assert.equal((await call(`${thena.url}/api/v1/customers/own`, { headers: reader })).status, 200);
    const refused = await upload(thena.url, 'own', CSV, reader);
    assert.deepEqual([refused.status, refused.body.code], [403, 'key_lacks_right']);

    const listed = (await call(keys, { headers: bearer(ADMIN_KEY) })).body.items;
    assert.deepEqual(listed.map(({ label }: { label: string }) => label).sort(), ['dashboard', null].sort());
    assert.doesNotMatch(JSON.stringify(listed), /thena_|hash/);

    const revoke = () => call(`${keys}/${made.body.id}`, { method: 'DELETE', headers: bearer(ADMIN_KEY) });
    assert.equal((await revoke()).status, 204);
    assert.equal((await call(`${thena.url}/api/v1/customers/own`, { headers: reader })).body.code, 'key_invalid');
    assert.deepEqual((await revoke()).body.code, 'key_not_found');
  });

  for (const [id, change] of [
    ['revoked', 'its key is revoked'],
    ['recreated', 'its customer is deleted and created again'],
  ] as const) {
    test(`refuses a file if ${change} while it is sent`, async () => {
      const admin = { headers: bearer(ADMIN_KEY) };

      const create = () => call(`${thena.url}/api/v1/customers`, { ...admin, json: { customer_id: id } });
      const { api_key: key } = (await create()).body;
      const of = `${thena.url}/api/v1/customers/${id}`;
      const sender = request(`${of}/uploads`, { method: 'PUT', headers: bearer(key.key) });
      const answer = once(sender, 'response').then(async ([reply]) => [reply.statusCode, await json(reply)]);
      sender.write(CSV);
      await sleep(100);
      const ended = id === 'revoked' ? `${of}/keys/${key.id}` : of;
      assert.equal((await call(ended, { ...admin, method: 'DELETE' })).status, 204);
      if (id === 'recreated') assert.equal((await create()).status, 201);
      sender.end(CSV.split('\n')[1]);
      const [status, body] = await answer;
      assert.deepEqual([status, body.code], [401, 'key_invalid'], JSON.stringify(body));
      assert.deepEqual((await call(`${of}/uploads`, admin)).body.items, []);
    });
  }
});

describe('without keys', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({ THENA_ALLOWED_HOSTS: 'thena.example' });
  });
  after(() => thena.close());

  /** Sends headers that fetch does not allow to be set. */
  function get(
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<{ status?: number | undefined; code?: string }> {
    return new Promise((resolve, reject) => {
      const sent = request(`${thena.url}/api/v1/customers`, { headers, method }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        const code = text === '' ? undefined : JSON.parse(text).code;
        resolve({ status: response.statusCode, ...(code && { code }) });
      });
      sent.once('error', reject).end();
    });
  }

  test('answers requests for loopback host names and allowed host names', async () => {
    for (const host of ['localhost', 'localhost:8000', '127.0.0.1:1', '[::1]:8000', 'LOCALHOST', 'thena.example:80']) {
      assert.deepEqual(await get({ host }), { status: 200 }, host);
    }
  });

  test('refuses requests for other host names, which an attacker could resolve to this machine', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.example:8000']) {
      assert.deepEqual(await get({ host }), { status: 403, code: 'host_refused' }, host);
    }
  });

  test('refuses requests from pages of other origins', async () => {
    const { host } = new URL(thena.url);
    for (const origin of ['http://evil.example', 'null', 'http://localhost:1', `http://${host}.evil.example`]) {
      assert.deepEqual(await get({ origin }), { status: 403, code: 'origin_refused' }, origin);
    }
    for (const site of ['cross-site', 'same-site']) {
      assert.deepEqual(await get({ 'sec-fetch-site': site }), { status: 403, code: 'origin_refused' }, site);
    }
    assert.deepEqual(await get({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), { status: 200 });
    assert.deepEqual(await get({ 'sec-fetch-site': 'none' }), { status: 200 });
  });

  test('answers links from other sites, but not their forms', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    assert.deepEqual(await get(headers), { status: 200 });
    assert.deepEqual(await get(headers, 'POST'), { status: 403, code: 'origin_refused' });
  });

  test('creates a customer with its first upload', async () => {
    assert.equal((await analyze(thena.url, 'fresh', 10001)).status, 404);
    assert.equal((await upload(thena.url, 'fresh', CSV)).body.status, 'complete');
    assert.deepEqual((await analyze(thena.url, 'FRESH', 10001)).body.result, { total_rows: 1 });
  });
});
