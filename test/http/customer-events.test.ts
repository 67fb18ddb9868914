import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, put, type RunningThena, startThena, upload, WAIT } from '../server.ts';
import { EventStream, type StreamedEvent } from './event-stream.ts';
import { rawRequest } from './raw-request.ts';
import { metadataOf, TUS } from './tus-requests.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const admin = { authorization: `Bearer ${ADMIN_KEY}` };
const CSV = 'at,n\n2024-01-01,1\n2024-01-02,2\n';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
});
after(() => thena.close());

async function newCustomer(id: string): Promise<Record<string, string>> {
  const made = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: id }, headers: admin });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { authorization: `Bearer ${made.body.api_key.key}` };
}

const follow = (id: string, headers: Record<string, string> = admin) =>
  EventStream.open(`${thena.url}/api/v1/customers/${id}/events`, headers);
const isUpload =
  (id: string, status: string) =>
  ({ name, data }: StreamedEvent): boolean =>
    name === 'upload' && data.id === id && data.status === status;

test('shows uploads and the table of one customer, from the upload to the undo', async () => {
  await newCustomer('acme');
  await newCustomer('other');
  const streams = await Promise.all(Array.from({ length: 7 }, () => follow('acme')));
  const [stream] = streams as [EventStream, ...EventStream[]];
  await stream.until(({ name }) => name === 'table');
  assert.deepEqual(JSON.stringify(stream.events), '[{"name":"table","data":{"rows":0,"version":null}}]');

  const sent = await put(thena.url, 'acme', CSV, admin);
  await upload(thena.url, 'other', CSV, admin);
  for (const each of streams) {
    const { data } = await each.until(isUpload(sent.body.id, 'complete'));
    assert.deepEqual(data, (await call(`${thena.url}/api/v1/uploads/${sent.body.id}`, { headers: admin })).body);
    await each.until(({ name, data: table }) => name === 'table' && table.rows === 2 && table.version === 1);
  }
  await call(`${thena.url}/api/v1/uploads/${sent.body.id}`, { method: 'DELETE', headers: admin });
  await stream.until(isUpload(sent.body.id, 'undone'));
  await stream.until(({ name, data }) => name === 'table' && data.version === null && data.rows === 0);
  const uploads = stream.events.filter(({ name }) => name === 'upload');
  assert.ok(uploads.every(({ data }) => data.customer_id === 'acme'));
  for (const each of streams) each.close();
});

test('shows failures with their reason, and progress while a file arrives', async () => {
  await newCustomer('progress');
  const stream = await follow('progress');
  await put(thena.url, 'progress', CSV, { ...admin, ...WAIT });
  const bad = await put(thena.url, 'progress', 'at,n\nnever,1\n', { ...admin, ...WAIT });
  const event = await stream.until(isUpload(bad.body.id, 'failed'));
  assert.equal(event.data.error.code, 'rows_rejected');

  const sender = request(`${thena.url}/api/v1/customers/progress/uploads`, { method: 'PUT', headers: admin });
  sender.on('error', () => undefined);
  sender.write('at,n\n');
  const began = performance.now();
  // The uploads before were shown to be received, too, if that took long enough.
  const settled = stream.events.length;
  const seen = (): StreamedEvent[] =>
    stream.events.slice(settled).filter(({ name, data }) => name === 'upload' && data.status === 'receiving');
  while (seen().length < 4) {
    assert.ok(performance.now() - began < 30_000, 'no progress was shown');
    sender.write(Buffer.from('2024-01-01,1\n'.repeat(20_000)));
    await sleep(10);
  }
  assert.ok((performance.now() - began) / 250 >= 2, 'more than four events per second were sent');
  const bytes = seen().map(({ data }) => data.progress.bytes_received);
  assert.ok(bytes.at(-1) > bytes[0], JSON.stringify(bytes));

  const late = await follow('progress');
  const { data } = await late.until(({ name }) => name === 'upload');
  assert.deepEqual(
    [data.id, data.status],
    [seen()[0]?.data.id, 'receiving'],
    'a stream starts with unfinished uploads',
  );
  sender.destroy();
  const gone = await stream.until(({ name }) => name === 'removed');
  assert.deepEqual([gone.data.id, gone.data.problem.code], [data.id, 'upload_interrupted']);
  await late.until(({ name }) => name === 'removed');
  late.close();
  stream.close();
});

test('shows resumable files before they are whole', async () => {
  const key = await newCustomer('resume');
  const stream = await follow('resume', key);
  const begun = await call(`${thena.url}/api/v1/tus`, {
    method: 'POST',
    headers: { ...TUS, ...key, 'upload-length': '100', 'upload-metadata': metadataOf({ customer_id: 'resume' }) },
  });
  const id = begun.headers.get('location')?.split('/').at(-1) ?? '';
  await stream.until(isUpload(id, 'receiving'));
  const late = await follow('resume', key);
  await late.until(isUpload(id, 'receiving'));
  await call(`${thena.url}/api/v1/tus/${id}`, { method: 'DELETE', headers: { ...TUS, ...key } });
  assert.equal((await stream.until(({ name }) => name === 'removed')).data.id, id);
  late.close();
  stream.close();
});

test('shows a key that may only upload its own uploads, and no table', async () => {
  const key = await newCustomer('sender');
  const made = await call(`${thena.url}/api/v1/customers/sender/keys`, {
    json: { rights: ['upload'] },
    headers: admin,
  });
  const sender = { authorization: `Bearer ${made.body.key}` };
  const stream = await follow('sender', sender);
  await upload(thena.url, 'sender', CSV, key);
  const own = await upload(thena.url, 'sender', `${CSV}2024-01-03,3\n`, sender);
  await stream.until(isUpload(own.body.id, 'complete'));
  assert.ok(stream.events.every(({ name, data }) => name === 'upload' && data.id === own.body.id));
  stream.close();
});

test('ends when the key is revoked, the session ends, or the customer is deleted', async () => {
  const key = await newCustomer('ending');
  const keys = `${thena.url}/api/v1/customers/ending/keys`;
  const made = await call(keys, { json: { rights: ['read'] }, headers: admin });
  const revoked = await follow('ending', { authorization: `Bearer ${made.body.key}` });
  const opened = await call(`${thena.url}/api/v1/session`, { json: { key: key.authorization?.slice(7) } });
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? '';
  const ofSession = await follow('ending', { cookie });
  const deleted = await follow('ending');
  const end = async (stream: EventStream): Promise<string> => {
    await stream.untilEnd();
    assert.equal(stream.events.at(-1)?.name, 'problem');
    return stream.events.at(-1)?.data.code;
  };

  await call(`${keys}/${made.body.id}`, { method: 'DELETE', headers: admin });
  assert.equal(await end(revoked), 'key_invalid');
  const headers = { cookie, 'sec-fetch-site': 'same-origin' };
  await rawRequest(`${thena.url}/api/v1/session`, { method: 'DELETE', headers });
  assert.equal(await end(ofSession), 'session_ended');
  await call(`${thena.url}/api/v1/customers/ending`, { method: 'DELETE', headers: admin });
  assert.equal(await end(deleted), 'customer_not_found');
});

test('ends when another customer has the ID of the one that was followed', async () => {
  await newCustomer('again');
  await upload(thena.url, 'again', CSV, admin);
  const stream = await follow('again');
  await stream.until(({ name }) => name === 'table');
  // Its table is as large as the other one was, so that the stream cannot know by that.
  await call(`${thena.url}/api/v1/customers/again`, { method: 'DELETE', headers: admin });
  await newCustomer('again');
  await upload(thena.url, 'again', CSV.replace('n', 'other'), admin);
  await stream.untilEnd();
  assert.equal(stream.events.at(-1)?.data.code, 'customer_not_found');
});

test('shows nothing to a key that was revoked right after a change', async () => {
  const key = await newCustomer('changing');
  const keys = `${thena.url}/api/v1/customers/changing/keys`;
  const made = await call(keys, { json: { rights: ['read'] }, headers: admin });
  const stream = await follow('changing', { authorization: `Bearer ${made.body.key}` });
  await stream.until(({ name }) => name === 'table');
  await put(thena.url, 'changing', CSV, key);
  await call(`${keys}/${made.body.id}`, { method: 'DELETE', headers: admin });
  await stream.untilEnd();
  assert.deepEqual(
    stream.events.map(({ name }) => name),
    ['table', 'problem'],
  );
});

test('ends the stream of an upload when the key is revoked', async () => {
  await newCustomer('one');
  const keys = `${thena.url}/api/v1/customers/one/keys`;
  const made = await call(keys, { json: {}, headers: admin });
  const key = { authorization: `Bearer ${made.body.key}` };
  const begun = await call(`${thena.url}/api/v1/tus`, {
    method: 'POST',
    headers: { ...TUS, ...key, 'upload-length': '100', 'upload-metadata': metadataOf({ customer_id: 'one' }) },
  });
  const id = begun.headers.get('location')?.split('/').at(-1);
  const stream = await EventStream.open(`${thena.url}/api/v1/uploads/${id}/events`, key);
  await stream.until(({ name }) => name === 'progress');
  await call(`${keys}/${made.body.id}`, { method: 'DELETE', headers: admin });
  await stream.untilEnd();
  assert.deepEqual([stream.events.at(-1)?.name, stream.events.at(-1)?.data.code], ['problem', 'key_invalid']);
});

test('refuses more than 100 streams of a customer, until one is closed', async () => {
  await newCustomer('many');
  await newCustomer('few');
  const streams = await Promise.all(Array.from({ length: 100 }, () => follow('many')));
  const refused = await call(`${thena.url}/api/v1/customers/many/events`, { headers: admin });
  assert.deepEqual([refused.status, refused.body.code], [503, 'too_many_streams']);
  (await follow('few')).close();
  streams[0]?.close();
  for (let tries = 0; ; tries++) {
    const again = await EventStream.open(`${thena.url}/api/v1/customers/many/events`, admin).catch(() => null);
    again?.close();
    if (again) break;
    assert.ok(tries < 50, 'a closed stream is still counted');
    await sleep(100);
  }
  for (const each of streams) each.close();
});

test('sends comments while nothing happens, and ends when the server stops', async () => {
  const other = await startThena({ THENA_IDLE_SECONDS: '1' });
  await upload(other.url, 'quiet', CSV);
  const stream = await EventStream.open(`${other.url}/api/v1/customers/quiet/events`);
  await stream.until(({ name }) => name === 'table');
  await sleep(1_500);
  assert.ok(stream.comments.filter((text) => text === 'keep-alive').length >= 2, 'the connection is kept');
  assert.equal(stream.isEnded, false);
  const stopped = other.close();
  await stream.untilEnd();
  await stopped;
});

test('sends comments while uploads change that the client may not see', async () => {
  const other = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY, THENA_IDLE_SECONDS: '1' });
  const made = { json: { customer_id: 'busy' }, headers: admin };
  await call(`${other.url}/api/v1/customers`, made);
  const key = await call(`${other.url}/api/v1/customers/busy/keys`, { json: { rights: ['upload'] }, headers: admin });
  assert.equal(key.status, 201, JSON.stringify(key.body));
  const headers = { authorization: `Bearer ${key.body.key}` };
  const stream = await EventStream.open(`${other.url}/api/v1/customers/busy/events`, headers);
  for (const until = performance.now() + 3_000; performance.now() < until; await sleep(100)) {
    await put(other.url, 'busy', CSV, admin);
  }
  assert.ok(stream.comments.filter((text) => text === 'keep-alive').length >= 2, 'the connection is kept');
  assert.equal(stream.isEnded, false);
  assert.deepEqual(stream.events, []);
  await other.close();
});
