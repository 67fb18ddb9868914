import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type RunningThena, startThena, upload } from '../server.ts';
import { rawRequest } from './raw-request.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const CSV = 'at,amount\n2024-01-01 00:00:00,1\n';
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const basic = (key: string, user = 'anyone') => ({
  authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`,
});
/** What a browser adds to the requests of the server's own pages. */
const OWN_PAGE = { 'sec-fetch-site': 'same-origin' };

describe('with keys', () => {
  let thena: RunningThena;
  let key: string;
  before(async () => {
    thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
    key = await newCustomer('acme');
  });
  after(() => thena.close());

  async function newCustomer(id: string): Promise<string> {
    const made = await call(`${thena.url}/api/v1/customers`, {
      json: { customer_id: id },
      headers: bearer(ADMIN_KEY),
    });
    return made.body.api_key.key;
  }

  const session = (init: Parameters<typeof call>[1] = {}) => call(`${thena.url}/api/v1/session`, init);

  /** @returns the header Cookie of a new session */
  async function open(withKey: string, headers: Record<string, string> = {}): Promise<{ cookie: string }> {
    const opened = await session({ json: { key: withKey }, headers });
    assert.equal(opened.status, 200, JSON.stringify(opened.body));
    return { cookie: opened.headers.get('set-cookie')?.split(';')[0] ?? '' };
  }

  const get = (path: string, headers: Record<string, string>) => rawRequest(thena.url + path, { headers });

  test('opens a session with a key, and ends it', async () => {
    const opened = await session({ json: { key } });
    const { expires_at: expiresAt, ...caller } = opened.body;
    assert.deepEqual(caller, { role: 'customer', customer_id: 'acme', rights: ['read', 'upload', 'undo'] });
    assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 604_800_000) < 60_000);
    const set = opened.headers.get('set-cookie') ?? '';
    assert.match(set, /^thena_session=[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    const cookie = set.split(';')[0] ?? '';
    assert.deepEqual((await get('/api/v1/session', { cookie })).body, opened.body);
    assert.equal((await get('/api/v1/customers/acme', { cookie: `a=b; ${cookie}; c=d` })).status, 200);

    const ended = await rawRequest(`${thena.url}/api/v1/session`, {
      method: 'DELETE',
      headers: { cookie, ...OWN_PAGE },
    });
    assert.equal(ended.status, 204);
    assert.match(String(ended.headers['set-cookie']), /^thena_session=; Path=\/; Max-Age=0;/);
    const after = await get('/api/v1/session', { cookie });
    assert.deepEqual([after.status, after.body.code], [401, 'session_ended']);
  });

  test('gives the administrator a session with all rights', async () => {
    const { cookie } = await open(ADMIN_KEY);
    const { role, customer_id, rights } = (await get('/api/v1/session', { cookie })).body;
    assert.deepEqual(
      { role, customer_id, rights },
      {
        role: 'admin',
        customer_id: null,
        rights: ['read', 'upload', 'undo', 'admin'],
      },
    );
    assert.equal((await get('/api/v1/customers', { cookie })).status, 200);
  });

  test('shows the caller of a key, and refuses callers without one', async () => {
    assert.equal((await session({ headers: bearer(key) })).body.expires_at, null);
    assert.equal((await session({ headers: bearer(ADMIN_KEY) })).body.role, 'admin');
    assert.equal((await session()).body.code, 'key_missing');
    const wrong = await session({ json: { key: 'thena_wrong' } });
    assert.deepEqual([wrong.status, wrong.body.code, wrong.headers.get('set-cookie')], [401, 'key_invalid', null]);
    assert.equal((await get('/api/v1/session', { cookie: 'thena_session=short' })).body.code, 'key_missing');
  });

  test('ends a session with its key, and with its customer', async () => {
    const keys = `${thena.url}/api/v1/customers/acme/keys`;
    const made = await call(keys, { json: { rights: ['read'] }, headers: bearer(ADMIN_KEY) });
    const reader = await open(made.body.key);
    const other = await open(key);
    assert.equal((await get('/api/v1/customers/acme', reader)).status, 200);
    await call(`${keys}/${made.body.id}`, { method: 'DELETE', headers: bearer(ADMIN_KEY) });
    assert.equal((await get('/api/v1/customers/acme', reader)).body.code, 'session_ended');
    assert.equal((await get('/api/v1/customers/acme', other)).status, 200);

    const gone = await open(await newCustomer('gone'));
    await call(`${thena.url}/api/v1/customers/gone`, { method: 'DELETE', headers: bearer(ADMIN_KEY) });
    assert.equal((await get('/api/v1/customers/gone', gone)).body.code, 'session_ended');
  });

  test('accepts changes with a cookie only from its own pages', async () => {
    const cookie = await open(ADMIN_KEY);
    const { host } = new URL(thena.url);
    let number = 0;
    const create = (headers: Record<string, string>) =>
      rawRequest(`${thena.url}/api/v1/customers`, {
        method: 'POST',
        headers: { ...cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ customer_id: `c${number++}` }),
      });
    for (const headers of [OWN_PAGE, { origin: `http://${host}` }, { origin: `https://${host}` }]) {
      assert.equal((await create(headers)).status, 201, JSON.stringify(headers));
    }
    const refused: Record<string, string>[] = [
      {},
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: `http://${host}`, 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of refused) {
      const { status, body } = await create(headers);
      assert.deepEqual([status, body.code], [403, 'origin_refused'], JSON.stringify(headers));
    }
    // A key in a header was put there by the program that sends the request.
    assert.equal((await create({ ...bearer(ADMIN_KEY), 'sec-fetch-site': 'cross-site' })).status, 201);
    assert.equal((await create({ ...basic(ADMIN_KEY) })).status, 201);
    // A browser sends the password that someone entered with every later request.
    assert.equal((await create({ ...basic(ADMIN_KEY), origin: 'http://evil.example' })).body.code, 'origin_refused');
  });

  test('lets no other page open or end a session', async () => {
    const cookie = await open(key);
    const headers = { ...cookie, 'content-type': 'application/json', 'sec-fetch-site': 'cross-site' };
    const url = `${thena.url}/api/v1/session`;
    const opened = await rawRequest(url, { method: 'POST', headers, body: JSON.stringify({ key }) });
    assert.deepEqual([opened.body.code, opened.headers['set-cookie']], ['origin_refused', undefined]);
    assert.equal((await rawRequest(url, { method: 'DELETE', headers })).body.code, 'origin_refused');
    assert.equal((await get('/api/v1/session', cookie)).status, 200);
  });

  test('lets the cookie be sent only by https if the page was', async () => {
    const headers = { 'content-type': 'application/json', origin: `https://${new URL(thena.url).host}` };
    const url = `${thena.url}/api/v1/session`;
    const { headers: sent } = await rawRequest(url, { method: 'POST', headers, body: JSON.stringify({ key }) });
    assert.match(String(sent['set-cookie']), /; SameSite=Strict; Secure$/);
  });

  test('accepts a key as a password everywhere', async () => {
    for (const user of ['anyone', '', 'acme']) {
      assert.equal((await get('/api/v1/customers/acme', basic(key, user))).status, 200, user);
    }
    assert.equal((await upload(thena.url, 'acme', CSV, basic(key))).body.status, 'complete');
    assert.equal((await get('/api/v1/customers/acme', basic('wrong'))).body.code, 'key_invalid');
    for (const text of ['Basic', 'Basic !', `Basic ${Buffer.from(key).toString('base64')}`, 'Digest a="b"']) {
      assert.equal((await get('/api/v1/customers/acme', { authorization: text })).body.code, 'key_missing', text);
    }
  });

  test('keeps no secret of a session, and nothing that an admin key could be guessed by', async () => {
    const secret = (await open(ADMIN_KEY)).cookie.slice('thena_session='.length);
    const files = readdirSync(thena.dataDir).filter((name) => name.startsWith('catalog'));
    const stored = files.map((name) => readFileSync(join(thena.dataDir, name), 'latin1')).join('');
    assert.match(stored, /sessions/);
    for (const text of [secret, key, ADMIN_KEY]) assert.ok(!stored.includes(text));
  });

  test('ends the oldest sessions of a key with more than 100', async () => {
    const own = await newCustomer('many');
    const first = await open(own);
    await sleep(5);
    const second = await open(own);
    for (let count = 2; count < 101; count++) await open(own);
    assert.equal((await get('/api/v1/session', first)).body.code, 'session_ended');
    assert.equal((await get('/api/v1/session', second)).status, 200);
  });
});

test('ends the sessions of an admin key that was replaced', async () => {
  const first = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
  const opened = await call(`${first.url}/api/v1/session`, { json: { key: ADMIN_KEY } });
  const headers = { cookie: opened.headers.get('set-cookie')?.split(';')[0] ?? '' };
  await first.stop();
  const status: number[] = [];
  for (const key of [ADMIN_KEY, `${ADMIN_KEY}-2`, ADMIN_KEY]) {
    const again = await startThena({ THENA_DATA_DIR: first.dataDir, THENA_ADMIN_KEY: key });
    status.push((await rawRequest(`${again.url}/api/v1/session`, { headers })).status);
    await again.stop();
  }
  rmSync(first.dataDir, { recursive: true });
  assert.deepEqual(status, [200, 401, 200]);
});

test('needs no session without keys', async () => {
  const thena = await startThena();
  const url = `${thena.url}/api/v1/session`;
  const open = { role: 'open', customer_id: null, rights: ['read', 'upload', 'undo', 'admin'], expires_at: null };
  assert.deepEqual((await call(url)).body, open);
  const opened = await call(url, { json: { key: 'any' } });
  assert.deepEqual([opened.body, opened.headers.get('set-cookie')], [open, null]);
  assert.equal((await rawRequest(url, { headers: { cookie: `thena_session=${'a'.repeat(43)}` } })).status, 200);
  await thena.close();
});

test('ignores the content type of a request without a body', async () => {
  const thena = await startThena({ THENA_MAX_REJECTED_ROWS: '10' });
  await upload(thena.url, 'acme', CSV);
  const failed = (await upload(thena.url, 'acme', 'at,amount\nnever,1\n')).body;
  assert.equal(failed.status, 'failed', JSON.stringify(failed));
  const types = ['application/x-www-form-urlencoded', 'text/plain', 'application/json', 'multipart/form-data'];
  for (const type of types) {
    const headers = { 'content-type': type, 'content-length': '0' };
    const retried = await rawRequest(`${thena.url}/api/v1/uploads/${failed.id}/retry?on_error=abort`, {
      method: 'POST',
      headers,
    });
    assert.ok([202, 409].includes(retried.status), `${type}: ${JSON.stringify(retried.body)}`);
    assert.notEqual(retried.body.code, 'unsupported_media_type');
    const deleted = await rawRequest(`${thena.url}/api/v1/uploads/${failed.id}`, { method: 'DELETE', headers });
    assert.equal(deleted.status, 200, type);
  }
  const body = await rawRequest(`${thena.url}/api/v1/uploads/${failed.id}/retry`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain', 'content-length': '1' },
    body: 'x',
  });
  assert.equal(body.status, 415);
  await thena.close();
});
