import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, put, type Reply, type RunningThena, startThena, upload, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { type Answer, type Receiver, startReceiver } from '../webhooks/receiver.ts';
import { BAD, CSV, LATER } from './small-files.ts';

const ALL = ['upload.complete', 'upload.failed', 'upload.undone'];
const SETTINGS = {
  THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow',
  THENA_WEBHOOK_RETRY_SECONDS: '0.1,0.3',
  THENA_WEBHOOK_SECONDS: '1',
};

let thena: RunningThena;
const receivers: Receiver[] = [];
before(async () => {
  thena = await startThena(SETTINGS);
});
after(async () => {
  await thena.close();
  await Promise.all(receivers.map((each) => each.close()));
});

async function receiver(answer?: Answer): Promise<Receiver> {
  const started = await startReceiver(answer);
  receivers.push(started);
  return started;
}

const hooksOf = (customer: string, path = '') => `${thena.url}/api/v1/customers/${customer}/webhooks${path}`;

/** Creates a customer and a webhook. */
async function hook(customer: string, url: string, events: readonly string[] = ALL): Promise<Reply['body']> {
  await call(`${thena.url}/api/v1/customers`, { json: { customer_id: customer } });
  const { status, body } = await call(hooksOf(customer), { json: { url, events } });
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

async function deliveriesOf(customer: string, id: string): Promise<Reply['body'][]> {
  return (await call(hooksOf(customer, `/${id}/deliveries`))).body.items;
}

const patch = (customer: string, id: string, change: object) =>
  call(hooksOf(customer, `/${id}`), { json: change, method: 'PATCH' });

test('a webhook gets an event when an upload completes, fails and is undone', async () => {
  const to = await receiver();
  const { id, secret } = await hook('a', to.url);
  const complete = (await upload(thena.url, 'a', CSV)).body;
  const failed = (await upload(thena.url, 'a', BAD)).body;
  const undone = await call(`${thena.url}/api/v1/uploads/${complete.id}`, { method: 'DELETE' });
  await until(() => to.received.length === 3);
  to.verify(secret);
  const events = ALL.map((type) => to.received.find(({ event }) => event.type === type)?.event);
  assert.deepEqual(events[0].data, complete);
  const { rejects: _, ...error } = failed.error;
  assert.deepEqual(events[1].data, { ...failed, error });
  assert.deepEqual(events[2].data, undone.body);
  assert.equal(events[0].timestamp, complete.finished_at);
  const items = await deliveriesOf('a', id);
  assert.deepEqual(
    items.map(({ type, upload_id, status }) => [type, upload_id, status]),
    [
      ['upload.undone', complete.id, 'delivered'],
      ['upload.failed', failed.id, 'delivered'],
      ['upload.complete', complete.id, 'delivered'],
    ],
  );
  assert.deepEqual(new Set(items.map(({ event_id }) => event_id)), new Set(to.received.map((each) => each.id)));
});

test('an event contains no row of the file', async () => {
  const to = await receiver();
  await hook('rows', to.url);
  await upload(thena.url, 'rows', CSV);
  await upload(thena.url, 'rows', BAD);
  await until(() => to.received.length === 2);
  for (const { raw } of to.received) assert.doesNotMatch(raw, /"rejects"|2024-01-0[5-7]|"[ab]"/);
});

test('a webhook gets only the events of its list and its customer, and none of dry runs and cancelled uploads', async () => {
  const to = await receiver();
  const { id } = await hook('chosen', to.url, ['upload.undone']);
  const other = await receiver();
  await hook('other', other.url);
  await put(thena.url, 'chosen', CSV, WAIT, '?dry_run=true');
  await put(thena.url, 'other', CSV, WAIT, '?dry_run=true');
  await put(thena.url, 'other', BAD, WAIT, '?dry_run=true');
  const { body } = await upload(thena.url, 'chosen', CSV);
  await call(`${thena.url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
  await until(() => to.received.length === 1);
  assert.equal((await deliveriesOf('chosen', id)).length, 1);
  assert.equal(other.received.length, 0);
});

test('a failed delivery is tried again, with the same ID, until the receiver takes it', async () => {
  const to = await receiver((response, before) => response.writeHead(before < 2 ? 503 : 200).end());
  const { id, secret } = await hook('again', to.url);
  await upload(thena.url, 'again', CSV);
  await until(async () => (await deliveriesOf('again', id))[0]?.status === 'delivered');
  to.verify(secret);
  const [first, second, third] = to.received;
  assert.ok(first && second && third && to.received.length === 3);
  assert.deepEqual([second.id, second.raw, third.id, third.raw], [first.id, first.raw, first.id, first.raw]);
  assert.ok(second.at - first.at >= 100 && third.at - second.at >= 300, 'it was tried again too early');
  const [delivery] = await deliveriesOf('again', id);
  assert.deepEqual(
    delivery.attempts.map(({ status, error }: Reply['body']) => [status, error]),
    [
      [503, 'Status 503.'],
      [503, 'Status 503.'],
      [200, null],
    ],
  );
  assert.equal(delivery.next_attempt_at, null);
  assert.equal((await call(hooksOf('again', `/${id}`))).body.failing_since, null);
});

test('a delivery fails after the last attempt, and shows why', async () => {
  const target = await receiver();
  const to = await receiver((response) => response.writeHead(307, { location: target.url }).end());
  const { id } = await hook('never', to.url);
  await upload(thena.url, 'never', CSV);
  await until(async () => (await deliveriesOf('never', id))[0]?.attempts.length === 1);
  const [pending] = await deliveriesOf('never', id);
  assert.deepEqual([pending.status, typeof pending.next_attempt_at], ['pending', 'string']);
  await until(async () => (await deliveriesOf('never', id))[0]?.status === 'failed');
  const [{ attempts, finished_at }] = await deliveriesOf('never', id);
  assert.deepEqual([attempts.length, to.received.length, target.received.length], [3, 3, 0]);
  assert.equal(attempts[2].error, 'Status 307: redirects are not followed.');
  const webhook = (await call(hooksOf('never', `/${id}`))).body;
  assert.ok(webhook.failing_since < finished_at && webhook.disabled_at === null);
});

test('a slow receiver delays no other customer, and gets four requests at a time', async () => {
  let open = 0;
  let most = 0;
  const slow = await receiver((response) => {
    open++;
    most = Math.max(most, open);
    response.on('close', () => open--);
  });
  const { id } = await hook('slow', slow.url);
  const many = await Promise.all(Array.from({ length: 6 }, (_, at) => upload(thena.url, 'slow', `a\n${at}\n`)));
  assert.ok(many.every(({ body }) => body.status === 'complete'));
  await until(() => open === 4);
  const quick = await receiver();
  await hook('quick', quick.url);
  await upload(thena.url, 'quick', CSV);
  await until(() => quick.received.length === 1);
  await until(async () => (await deliveriesOf('slow', id)).every(({ attempts }) => attempts.length > 0));
  const [{ attempts }] = await deliveriesOf('slow', id);
  assert.deepEqual([attempts[0].status, attempts[0].error], [null, 'No response within 1 s.']);
  assert.equal(most, 4);
  await call(hooksOf('slow', `/${id}`), { method: 'DELETE' });
});

test('slow receivers of several customers do not use up the requests of all', async () => {
  let open = 0;
  const slow = await receiver((response) => {
    open++;
    response.on('close', () => open--);
  });
  const customers = ['slow1', 'slow2', 'slow3', 'slow4'];
  const sent: Promise<unknown>[] = [];
  for (const customer of customers) {
    const ids = [(await hook(customer, slow.url)).id, (await hook(customer, slow.url)).id];
    for (const id of ids) {
      const send = () => call(hooksOf(customer, `/${id}/test`), { method: 'POST' });
      sent.push(...Array.from({ length: 24 }, send));
    }
  }
  await until(() => open >= 24);
  const quick = await receiver();
  await hook('punctual', quick.url);
  const began = performance.now();
  await upload(thena.url, 'punctual', CSV);
  await until(() => quick.received.length === 1);
  // Those that are waiting take six seconds.
  const ms = performance.now() - began;
  assert.ok(ms < 3_000, `the event took ${ms} ms`);
  for (const customer of customers) await call(`${thena.url}/api/v1/customers/${customer}`, { method: 'DELETE' });
  await Promise.all(sent);
});

test('a receiver that answers 410 gets no more events until the webhook is enabled again', async () => {
  const to = await receiver((response, before) => response.writeHead(before === 0 ? 410 : 200).end());
  const { id } = await hook('gone', to.url);
  await upload(thena.url, 'gone', CSV);
  const webhook = async () => (await call(hooksOf('gone', `/${id}`))).body;
  await until(async () => (await webhook()).disabled_reason === 'gone');
  assert.equal((await deliveriesOf('gone', id))[0].status, 'failed');
  assert.ok(thena.observations.some((each) => each.kind === 'webhook_disabled' && each.webhookId === id));
  await upload(thena.url, 'gone', LATER);
  assert.equal((await deliveriesOf('gone', id)).length, 1);
  const enabled = (await patch('gone', id, { enabled: true })).body;
  assert.deepEqual([enabled.disabled_at, enabled.disabled_reason, enabled.failing_since], [null, null, null]);
  await upload(thena.url, 'gone', 'at,n,t\n2024-03-01 00:00:00,9,z\n');
  await until(() => to.received.length === 2);
});

test('a test event is sent once, and the response says what became of it', async () => {
  const to = await receiver((response, before) => response.writeHead(before === 0 ? 200 : 500).end());
  const { id, secret } = await hook('test', to.url);
  const send = async () => (await call(hooksOf('test', `/${id}/test`), { method: 'POST' })).body;
  const sent = await send();
  assert.deepEqual(
    [sent.type, sent.upload_id, sent.status, sent.attempts[0].status],
    ['webhook.test', null, 'delivered', 200],
  );
  to.verify(secret);
  const { event, id: eventId } = to.received[0] ?? assert.fail();
  assert.deepEqual(event, {
    type: 'webhook.test',
    timestamp: sent.occurred_at,
    data: { webhook_id: id, customer_id: 'test' },
  });
  assert.equal(eventId, sent.event_id);
  assert.deepEqual([(await send()).status, to.received.length], ['failed', 2]);
  await patch('test', id, { enabled: false });
  await send();
  assert.equal(to.received.length, 3);
  assert.equal((await deliveriesOf('test', id)).length, 3);
});

test('a test event of a webhook whose receiver is busy is answered as pending', async () => {
  const to = await receiver(() => undefined);
  const { id } = await hook('busy', to.url);
  const send = () => call(hooksOf('busy', `/${id}/test`), { method: 'POST' });
  // Four requests at a time, which end after a second.
  const replies = await Promise.all(Array.from({ length: 16 }, send));
  const statuses = new Set(replies.map(({ status, body }) => `${status} ${body.status}`));
  assert.deepEqual(statuses, new Set(['200 failed', '200 pending']));
  await call(hooksOf('busy', `/${id}`), { method: 'DELETE' });
});

test('the secret is shown once, and the webhook can be changed and deleted', async () => {
  const to = await receiver();
  const { secret, ...webhook } = await hook('change', to.url);
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  const one = hooksOf('change', `/${webhook.id}`);
  assert.deepEqual((await call(one)).body, webhook);
  assert.deepEqual((await call(hooksOf('change'))).body, { items: [webhook], next_cursor: null });
  const change = { url: `${to.url}/2`, events: ['upload.failed'], description: 'alerts' };
  assert.deepEqual((await patch('change', webhook.id, change)).body, { ...webhook, ...change });
  assert.deepEqual((await patch('change', webhook.id, {})).body, { ...webhook, ...change });
  assert.equal((await patch('change', webhook.id, { enabled: false })).body.disabled_reason, 'request');
  assert.equal((await call(one, { method: 'DELETE' })).status, 204);
  assert.equal((await call(one, { method: 'DELETE' })).body.code, 'webhook_not_found');
  assert.equal((await patch('change', webhook.id, {})).body.code, 'webhook_not_found');
  assert.equal((await call(`${one}/test`, { method: 'POST' })).body.code, 'webhook_not_found');
});

test('deliveries are listed in pages, newest first', async () => {
  const to = await receiver();
  const { id } = await hook('pages', to.url);
  for (let sent = 0; sent < 5; sent++) await call(hooksOf('pages', `/${id}/test`), { method: 'POST' });
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    const { body }: Reply = await call(hooksOf('pages', `/${id}/deliveries?limit=2${query}`));
    assert.ok(body.items.length <= 2);
    seen.push(...body.items.map(({ event_id }: Reply['body']) => event_id));
    cursor = body.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(seen.toSorted(), to.received.map((each) => each.id).toSorted());
  const customers = (await call(`${thena.url}/api/v1/customers?limit=1`)).body.next_cursor;
  assert.equal((await call(hooksOf('pages', `/${id}/deliveries?cursor=${customers}`))).body.code, 'bad_request');
});

test('a customer has at most 20 webhooks, and an invalid one is refused', async () => {
  const to = await receiver();
  await hook('many', to.url);
  const create = (json: object) => call(hooksOf('many'), { json });
  const made = await Promise.all(Array.from({ length: 24 }, () => create({ url: to.url, events: ALL })));
  assert.equal(made.filter(({ status }) => status === 201).length, 19);
  assert.equal(made.find(({ status }) => status !== 201)?.body.code, 'too_many_webhooks');
  assert.equal((await create({ url: 'ftp://example.com', events: ALL })).body.code, 'webhook_url_invalid');
  for (const json of [{ url: to.url }, { url: to.url, events: [] }, { url: to.url, events: ['x'] }]) {
    assert.equal((await create(json)).body.code, 'bad_request');
  }
  assert.equal((await call(hooksOf('nobody'), { json: { url: to.url, events: ALL } })).body.code, 'customer_not_found');
});

test('webhooks end with their customer, even while an event is being sent', async () => {
  const to = await receiver(() => undefined);
  await hook('ending', to.url);
  await upload(thena.url, 'ending', CSV);
  await until(() => to.received.length === 1);
  assert.equal((await call(`${thena.url}/api/v1/customers/ending`, { method: 'DELETE' })).status, 204);
  await sleep(1_500);
  assert.equal(to.received.length, 1);
  assert.ok(!thena.observations.some(({ kind }) => kind === 'background_failed'));
});

test('private addresses are refused unless a setting allows them', async () => {
  const to = await receiver();
  const strict = await startThena({ THENA_WEBHOOK_RETRY_SECONDS: '0.1' });
  try {
    await call(`${strict.url}/api/v1/customers`, { json: { customer_id: 'a' } });
    const webhooks = `${strict.url}/api/v1/customers/a/webhooks`;
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
      const { body } = await call(webhooks, { json: { url: `http://${host}:${to.port}`, events: ALL } });
      assert.equal(body.code, 'webhook_address_refused', host);
    }
  } finally {
    await strict.close();
  }
});

test('an address is checked at every attempt, whatever it was when the webhook was created', async () => {
  const to = await receiver();
  const lenient = await startThena({ ...SETTINGS, THENA_WEBHOOK_RETRY_SECONDS: '60' });
  await call(`${lenient.url}/api/v1/customers`, { json: { customer_id: 'a' } });
  const url = to.url.replace('127.0.0.1', 'localhost');
  const { body } = await call(`${lenient.url}/api/v1/customers/a/webhooks`, { json: { url, events: ALL } });
  await lenient.stop();
  const strict = await startThena({ THENA_DATA_DIR: lenient.dataDir });
  try {
    const sent = await call(`${strict.url}/api/v1/customers/a/webhooks/${body.id}/test`, { method: 'POST' });
    assert.deepEqual([sent.body.status, sent.body.attempts[0].error], ['failed', 'The address is not public.']);
    assert.equal(to.received.length, 0);
  } finally {
    await strict.close();
    await lenient.close().catch(() => undefined);
  }
});

test('an attempt that the stop of the server interrupts is repeated after the next start', async () => {
  const to = await receiver((response, before) => {
    if (before > 0) response.writeHead(200).end();
  });
  const stopped = await startThena({ ...SETTINGS, THENA_WEBHOOK_SECONDS: '30' });
  await call(`${stopped.url}/api/v1/customers`, { json: { customer_id: 'a' } });
  await call(`${stopped.url}/api/v1/customers/a/webhooks`, { json: { url: to.url, events: ALL } });
  await upload(stopped.url, 'a', CSV);
  await until(() => to.received.length === 1);
  const before = Date.now();
  await stopped.stop();
  assert.ok(Date.now() - before < 5_000, 'the stop waited for the receiver');
  const again = await startThena({ ...SETTINGS, THENA_DATA_DIR: stopped.dataDir });
  try {
    await until(() => to.received.length === 2);
    assert.equal(to.received[0]?.id, to.received[1]?.id);
  } finally {
    await again.close();
  }
});

test('webhooks require a key with all permissions, and are invisible to other customers', async () => {
  const admin = { authorization: 'Bearer an-admin-key-for-tests-only' };
  const guarded = await startThena({ ...SETTINGS, THENA_ADMIN_KEY: 'an-admin-key-for-tests-only' });
  try {
    const to = await receiver();
    const customers = `${guarded.url}/api/v1/customers`;
    const keyOf = async (id: string) =>
      (await call(customers, { json: { customer_id: id }, headers: admin })).body.api_key.key;
    const full = { authorization: `Bearer ${await keyOf('a')}` };
    const other = { authorization: `Bearer ${await keyOf('b')}` };
    const json = { url: to.url, events: ALL };
    const { body: webhook } = await call(`${customers}/a/webhooks`, { json, headers: full });
    const one = `${customers}/a/webhooks/${webhook.id}`;
    const requests = [
      [`${customers}/a/webhooks`, { json }],
      [`${customers}/a/webhooks`, {}],
      [one, {}],
      [one, { json: {}, method: 'PATCH' }],
      [`${one}/test`, { method: 'POST' }],
      [`${one}/deliveries`, {}],
      [one, { method: 'DELETE' }],
    ] as const;
    const codes = async (headers: Readonly<Record<string, string>>) =>
      Promise.all(requests.map(async ([url, init]) => (await call(url, { ...init, headers })).body.code));
    for (const rights of [['read'], ['upload'], ['undo'], ['read', 'upload'], ['read', 'undo'], ['upload', 'undo']]) {
      const key = (await call(`${customers}/a/keys`, { json: { rights }, headers: admin })).body.key;
      const answers = await codes({ authorization: `Bearer ${key}` });
      assert.deepEqual(
        answers,
        requests.map(() => 'key_lacks_right'),
        String(rights),
      );
    }
    assert.deepEqual(
      await codes(other),
      requests.map(() => 'customer_not_found'),
    );
    const foreign = `${customers}/b/webhooks/${webhook.id}`;
    for (const headers of [other, admin]) {
      assert.equal((await call(foreign, { headers })).body.code, 'webhook_not_found');
      assert.equal((await call(`${foreign}/deliveries`, { headers })).body.code, 'webhook_not_found');
      assert.equal((await call(foreign, { method: 'DELETE', headers })).body.code, 'webhook_not_found');
    }
    assert.equal((await call(one, { headers: full })).status, 200);
    assert.equal((await call(one, { headers: admin })).status, 200);
    assert.equal(to.received.length, 0);
  } finally {
    await guarded.close();
  }
});

test('neither URLs nor secrets are observed', () => {
  const all = JSON.stringify(thena.observations);
  assert.ok(all.includes('webhook_attempted'));
  assert.doesNotMatch(all, /whsec_|\/hook/);
});
