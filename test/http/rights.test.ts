import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { BAD, CSV } from './small-files.ts';
import { ask, begin, idOf, send } from './tus-requests.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';

type Headers = Readonly<Record<string, string>>;

let thena: RunningThena;
/** All of these belong to one customer. */
let full: Headers;
let sender: Headers;
let otherSender: Headers;
let reader: Headers;
let undoer: Headers;
before(async () => {
  thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
  const made = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'a' }, headers: bearer(ADMIN_KEY) });
  full = bearer(made.body.api_key.key);
  sender = await keyWith('upload');
  otherSender = await keyWith('upload');
  reader = await keyWith('read');
  undoer = await keyWith('undo');
  assert.equal((await put(thena.url, 'a', CSV, { ...full, ...WAIT })).body.status, 'complete');
});
after(() => thena.close());

function bearer(key: string): Headers {
  return { authorization: `Bearer ${key}` };
}

async function keyWith(...rights: readonly string[]): Promise<Headers> {
  const keys = `${thena.url}/api/v1/customers/a/keys`;
  const { status, body } = await call(keys, { json: { rights }, headers: bearer(ADMIN_KEY) });
  assert.equal(status, 201, JSON.stringify(body));
  return bearer(body.key);
}

const answer = ({ status, body }: Reply) => [status, body.code ?? body.status];
const at = (id: string, headers: Headers, path = '', method = 'GET') =>
  call(`${thena.url}/api/v1/uploads/${id}${path}`, { method, headers });

/** Sends a file with a bad row. @returns the ID of the upload, which has ended */
async function sent(headers: Headers, query = ''): Promise<string> {
  const { body } = await put(thena.url, 'a', BAD, { ...headers, ...WAIT }, query);
  assert.ok(body.finished_at, JSON.stringify(body));
  return body.id;
}

/** @returns the ID of a resumable upload that has received three bytes */
async function unfinished(headers: Headers): Promise<string> {
  const begun = await begin(thena.url, CSV.length, { customer_id: 'a' }, headers);
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  const address = `${thena.url}${begun.headers.get('location')}`;
  assert.equal((await send(address, 0, Buffer.from(CSV.slice(0, 3)), headers)).status, 204);
  return idOf(address);
}

test('a key that may only upload follows what it sent, to the rejected rows', async () => {
  const id = await sent(sender, '?on_error=skip');
  assert.deepEqual(answer(await at(id, sender)), [200, 'complete']);
  assert.match((await at(id, sender, '/events')).body, /^event: end/);
  assert.equal((await at(id, sender, '/rejects')).body.items.length, 2);
  assert.match((await at(id, sender, '/rejects.csv')).body, /six/);
  const preview = `${thena.url}/api/v1/customers/a/preview`;
  const body = 'a\n1\n';
  assert.equal((await call(preview, { method: 'POST', body, headers: sender })).status, 200);
  assert.deepEqual(answer(await call(preview, { method: 'POST', body, headers: reader })), [403, 'key_lacks_right']);
  for (const path of ['table', 'table/rows', 'uploads']) {
    const reply = await call(`${thena.url}/api/v1/customers/a/${path}`, { headers: sender });
    assert.deepEqual(answer(reply), [403, 'key_lacks_right'], path);
  }
});

test('an upload of another key looks as if it did not exist, unless the key may read', async () => {
  const id = await sent(sender);
  const unknown = id.replace(/^./, (first) => (first === '0' ? '1' : '0'));
  for (const [path, method] of [
    ['', 'GET'],
    ['/events', 'GET'],
    ['/rejects', 'GET'],
    ['/rejects.csv', 'GET'],
    ['', 'DELETE'],
    ['/retry', 'POST'],
  ] as const) {
    const reply = await at(id, otherSender, path, method);
    assert.deepEqual(answer(reply), [404, 'upload_not_found'], `${method} ${path}`);
    const absent = await at(unknown, otherSender, path, method);
    assert.deepEqual(JSON.stringify(reply.body).replaceAll(id, unknown), JSON.stringify(absent.body));
  }
  const correction = await put(thena.url, 'a', CSV, otherSender, `?corrects=${id}`);
  assert.deepEqual(answer(correction), [400, 'upload_option_invalid']);
  assert.deepEqual(answer(await at(id, reader)), [200, 'failed']);
  assert.deepEqual(answer(await at(id, full, '/rejects')), [200, undefined]);
});

test('a key that may only upload cancels what it sent, but undoes nothing', async () => {
  const waiting = await unfinished(sender);
  assert.deepEqual(answer(await at(waiting, otherSender, '', 'DELETE')), [404, 'upload_not_found']);
  assert.deepEqual(answer(await at(waiting, sender, '', 'DELETE')), [200, 'cancelled']);

  const complete = await sent(sender, '?on_error=skip');
  const refused = await at(complete, sender, '', 'DELETE');
  assert.deepEqual(answer(refused), [403, 'key_lacks_right']);
  assert.match(refused.body.detail, /`undo`/);
  assert.deepEqual(answer(await at(complete, reader, '', 'DELETE')), [403, 'key_lacks_right']);
  assert.deepEqual(answer(await at(complete, await keyWith('read', 'upload'), '', 'DELETE')), [403, 'key_lacks_right']);
  assert.deepEqual(answer(await at(complete, reader)), [200, 'complete']);

  const failed = await sent(sender);
  assert.deepEqual(answer(await at(failed, sender, '', 'DELETE')), [200, 'failed']);
  const dryRun = await sent(sender, '?on_error=skip&dry_run=true');
  assert.deepEqual(answer(await at(dryRun, sender, '', 'DELETE')), [200, 'complete']);
});

test('a key that may only undo cancels and undoes the uploads of all keys, and reads none', async () => {
  const complete = await sent(sender, '?on_error=skip');
  assert.deepEqual(answer(await at(complete, undoer)), [403, 'key_lacks_right']);
  assert.deepEqual(answer(await at(complete, undoer, '', 'DELETE')), [200, 'undone']);
  assert.deepEqual(answer(await at(await unfinished(sender), undoer, '', 'DELETE')), [200, 'cancelled']);
  assert.deepEqual(answer(await put(thena.url, 'a', CSV, undoer)), [403, 'key_lacks_right']);
});

test('a key that may upload retries what it sent, and with the right to read what others sent', async () => {
  const query = '/retry?on_error=skip';
  const retried = await at(await sent(sender), { ...sender, ...WAIT }, query, 'POST');
  assert.deepEqual(answer(retried), [200, 'complete']);
  assert.deepEqual(answer(await at(retried.body.id, sender)), [200, 'complete']);

  const failed = await sent(sender);
  assert.deepEqual(answer(await at(failed, reader, query, 'POST')), [403, 'key_lacks_right']);
  const both = await keyWith('read', 'upload');
  assert.deepEqual(answer(await at(failed, { ...both, ...WAIT }, query, 'POST')), [200, 'complete']);
});

test('a resumable upload belongs to the key that began it, and can be continued by keys that may read', async () => {
  const id = await unfinished(sender);
  const address = `${thena.url}/api/v1/tus/${id}`;
  const rest = Buffer.from(CSV.slice(3));
  assert.equal((await ask(address, 'HEAD', otherSender)).status, 404);
  assert.deepEqual(answer(await send(address, 3, rest, otherSender)), [404, 'upload_not_found']);
  assert.deepEqual(answer(await ask(address, 'DELETE', otherSender)), [404, 'upload_not_found']);
  assert.deepEqual(answer(await ask(address, 'DELETE', await keyWith('read', 'upload'))), [403, 'key_lacks_right']);
  assert.equal((await ask(address, 'HEAD', sender)).headers.get('upload-offset'), '3');
  assert.equal((await send(address, 3, rest, await keyWith('read', 'upload'))).status, 204);
  assert.deepEqual((await at(id, sender)).status, 200, 'it belongs to the key that began it');
  assert.deepEqual(answer(await at(id, otherSender)), [404, 'upload_not_found']);

  assert.equal((await ask(`${thena.url}/api/v1/tus/${await unfinished(sender)}`, 'DELETE', sender)).status, 204);
});

test('an idempotency key is of one API key: another one neither gets its upload nor collides with it', async () => {
  const again = { 'idempotency-key': 'nightly', ...WAIT };
  const first = (await put(thena.url, 'a', CSV, { ...sender, ...again })).body;
  assert.equal(first.status, 'complete', JSON.stringify(first));
  assert.equal((await put(thena.url, 'a', CSV, { ...sender, ...again })).body.id, first.id);
  const other = (await put(thena.url, 'a', CSV, { ...otherSender, ...again })).body;
  assert.deepEqual([other.status, other.id === first.id], ['complete', false]);
  const changed = await put(thena.url, 'a', `${CSV}2024-03-01,9\n`, { ...bearer(ADMIN_KEY), ...again });
  assert.notEqual(changed.body.code, 'idempotency_key_reused', JSON.stringify(changed.body));
  const refused = await put(thena.url, 'a', BAD, { ...sender, ...again });
  assert.deepEqual(answer(refused), [422, 'idempotency_key_reused']);
});
