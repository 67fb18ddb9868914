import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Reply, type RunningThena, startThena } from '../server.ts';
import { ask, begin, type Headers, metadataOf, offsetOf, send, TUS } from './tus-requests.ts';

const ROW = '2024-01-01 00:00:00,1\n';
const CSV = Buffer.from(`at,amount\n${ROW.repeat(10_000)}`);

describe('the tus protocol', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({
      THENA_IDLE_SECONDS: '1',
      THENA_MAX_WAITING_UPLOADS: '3',
      THENA_MAX_UPLOAD_BYTES: '1MiB',
    });
  });
  after(() => thena.close());

  async function begun(customer: string, length = CSV.length): Promise<string> {
    const { status, headers, body } = await begin(thena.url, length, { customer_id: customer });
    assert.equal(status, 201, JSON.stringify(body));
    return thena.url + headers.get('location');
  }

  /** A request whose body is never complete. */
  function unfinished(address: string, offset: number, headers: Headers = {}): ClientRequest {
    const content = { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
    const sender = request(address, { method: 'PATCH', headers: { ...TUS, ...content, ...headers } });
    sender.on('error', () => undefined);
    return sender;
  }

  async function received(address: string, offset: number): Promise<void> {
    const { pathname } = new URL(address);
    for (;;) {
      const { body } = await call(`${thena.url}/api/v1/uploads/${pathname.split('/').at(-1)}`);
      if (body.progress.bytes_received >= offset) return;
      await sleep(10);
    }
  }

  const refusal = async (reply: Promise<Reply>): Promise<readonly [number, string]> => {
    const { status, body } = await reply;
    assert.ok(body.detail?.endsWith('.'), JSON.stringify(body));
    return [status, body.code];
  };

  test('refuses other versions of the protocol, and lists the supported one', async () => {
    const address = await begun('version');
    for (const version of ['0.2.2', '2.0.0', '1.0', '']) {
      const reply = await send(address, 0, CSV, { 'tus-resumable': version });
      assert.deepEqual([reply.status, reply.body.code], [412, 'tus_version_unsupported']);
      assert.equal(reply.headers.get('tus-version'), '1.0.0');
      assert.equal(reply.headers.get('tus-resumable'), '1.0.0');
    }
    assert.equal(await offsetOf(address), 0);
  });

  test('refuses files without a valid length, and extensions that are not supported', async () => {
    const beginning = (length: string, headers: Headers = {}): Promise<Reply> =>
      begin(thena.url, 0, { customer_id: 'lengths' }, { 'upload-length': length, ...headers });
    for (const length of ['', '-1', '1.5', '0x10', '99999999999999999999', 'ten']) {
      assert.deepEqual(await refusal(beginning(length)), [400, 'tus_request_invalid'], length);
    }
    const deferred = await beginning('', { 'upload-defer-length': '1' });
    assert.deepEqual([deferred.status, deferred.body.code], [400, 'tus_request_invalid']);
    assert.match(deferred.body.detail, /Upload-Defer-Length/);
    const partial = await beginning('10', { 'upload-concat': 'partial' });
    assert.deepEqual([partial.status, partial.body.code], [400, 'tus_request_invalid']);
    assert.match(partial.body.detail, /Upload-Concat/);
    const large = await beginning(String(2 ** 20 + 1));
    assert.deepEqual([large.status, large.body.code, large.body.max_bytes], [413, 'upload_too_large', 2 ** 20]);
    assert.deepEqual(await refusal(beginning('0')), [422, 'file_empty']);
  });

  test('refuses invalid metadata, and reads valid metadata as plain text', async () => {
    const beginning = (metadata: string): Promise<Reply> => begin(thena.url, 10, {}, { 'upload-metadata': metadata });
    for (const metadata of [
      'customer_id a',
      'customer_id MTA=MTA=',
      'customer_id MTA= MTA=',
      'customer_id MTA=,customer_id MTE=',
      ',customer_id MTA=',
      '__proto__ MTA=',
      'constructor MTA=',
    ]) {
      assert.deepEqual(await refusal(beginning(metadata)), [400, 'tus_request_invalid'], metadata);
    }
    assert.deepEqual(await refusal(beginning('customer_id')), [400, 'customer_id_missing']);
    assert.deepEqual(await refusal(beginning('')), [400, 'customer_id_missing']);
    assert.deepEqual(await refusal(beginning(`customer_id ${Buffer.from([0xff]).toString('base64')}`)), [
      400,
      'customer_id_invalid',
    ]);
    const options = { customer_id: 'meta', on_error: 'skip', dry_run: 'yes', name: 'x', type: 'text/csv' };
    const taken = await beginning(metadataOf(options));
    assert.equal(taken.status, 201);
    // Relative, so that it also works behind a proxy with another host name.
    assert.match(taken.headers.get('location') ?? '', /^\/api\/v1\/tus\/[0-9a-f-]{36}$/);
    const address = thena.url + taken.headers.get('location');
    assert.equal((await ask(address)).headers.get('upload-metadata'), metadataOf(options));
    const { body } = await call(address.replace('/tus/', '/uploads/'));
    assert.deepEqual([body.options.on_error, body.options.dry_run], ['skip', true]);
  });

  test('takes options for values as metadata, and refuses misspelled, repeated and invalid ones by name', async () => {
    const customer = { customer_id: 'values' };
    const values = { decimal: 'comma', thousands: '.', nulls: '-', time_zone: 'UTC', date_order: 'DMY' };
    const taken = await begin(thena.url, 10, { ...customer, ...values });
    const { body } = await call(`${thena.url}${taken.headers.get('location')?.replace('/tus/', '/uploads/')}`);
    const { decimal, thousands, nulls, time_zone, date_order } = body.options;
    assert.deepEqual([decimal, thousands, nulls, time_zone, date_order], [',', '.', ['-'], 'UTC', 'dmy']);

    for (const [wrong, detail] of [
      [{ Decimal: ',' }, /'Decimal'.* decimal/],
      [{ 'on-error': 'skip' }, /'on-error'.* on_error/],
      [{ delimeter: ';' }, /'delimeter'.* delimiter/],
      [{ timezone: 'UTC' }, /'timezone'.* time_zone/],
      [{ decimal: 'x' }, /decimal is 'x'/],
    ] as const) {
      const refused = await begin(thena.url, 10, { ...customer, ...(wrong as Headers) });
      assert.deepEqual([refused.status, refused.body.code], [400, 'upload_option_invalid']);
      assert.match(refused.body.detail, detail);
    }
    const metadata = `${metadataOf({ ...customer, decimal: ',' })},${metadataOf({ decimal: '.' })}`;
    const twice = await begin(thena.url, 10, {}, { 'upload-metadata': metadata });
    assert.match(twice.body.detail, /'decimal' twice/);
    for (const name of ['filetype', 'relativePath', 'size', 'lastModified', 'title', 'note']) {
      assert.equal((await begin(thena.url, 10, { customer_id: `meta-${name}`, [name]: 'x' })).status, 201, name);
    }
  });

  test('refuses bytes without an offset, with the wrong type, or beyond the length', async () => {
    const address = await begun('bytes');
    assert.deepEqual(await refusal(send(address, 0, CSV, { 'upload-offset': '' })), [400, 'tus_request_invalid']);
    assert.deepEqual(await refusal(send(address, 0, CSV, { 'upload-offset': '-1' })), [400, 'tus_request_invalid']);
    assert.deepEqual(await refusal(send(address, 0, CSV, { 'content-type': 'text/csv' })), [
      415,
      'unsupported_media_type',
    ]);
    assert.deepEqual(await refusal(send(address, 0, Buffer.concat([CSV, CSV]))), [413, 'upload_too_large']);
    assert.equal(await offsetOf(address), 0);
    const endless = unfinished(address, 0);
    endless.write(CSV);
    endless.write(CSV);
    const [answer] = (await once(endless, 'response')) as [IncomingMessage];
    assert.equal(answer.statusCode, 413, 'even without a Content-Length');
    endless.destroy();
  });

  test('forbids proxies to cache the offset', async () => {
    const asked = await ask(await begun('cached'));
    assert.match(asked.headers.get('cache-control') ?? '', /no-store/);
    assert.equal(asked.headers.get('upload-length'), String(CSV.length));
    assert.equal(asked.headers.get('tus-resumable'), '1.0.0');
  });

  test('accepts POST with X-HTTP-Method-Override from clients without PATCH', async () => {
    const address = await begun('override');
    const post = (method: string, headers: Headers, body: Uint8Array | null = null): Promise<Reply> =>
      call(address, { method: 'POST', headers: { ...TUS, 'x-http-method-override': method, ...headers }, body });
    const bytes = { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' };
    assert.equal((await post('PATCH', bytes, new Uint8Array(CSV.subarray(0, 100)))).status, 204);
    assert.equal(await offsetOf(address), 100);
    assert.deepEqual(await refusal(post('GET', {})), [405, 'method_not_allowed']);
    assert.equal((await post('DELETE', {})).status, 204);
    assert.equal((await ask(address)).status, 404);
    // When a file is created, there is nothing to override.
    const created = await begin(thena.url, 10, { customer_id: 'override' }, { 'x-http-method-override': 'DELETE' });
    assert.equal(created.status, 201);
  });

  test('limits the incomplete files of a customer, even if many are created at once', async () => {
    const begins = Array.from({ length: 12 }, () => begin(thena.url, 10, { customer_id: 'many' }));
    const replies = await Promise.all(begins);
    const taken = replies.filter(({ status }) => status === 201);
    assert.equal(taken.length, 3);
    const refused = replies.find(({ status }) => status !== 201);
    assert.deepEqual([refused?.status, refused?.body.code], [429, 'too_many_uploads']);
    assert.ok(refused?.headers.get('retry-after'));
    await ask(thena.url + taken[0]?.headers.get('location'), 'DELETE');
    assert.equal((await begin(thena.url, 10, { customer_id: 'many' })).status, 201);
  });

  test('accepts one of several requests that send the same bytes at once, in any letter case of the ID', async () => {
    const address = await begun('twice');
    const upperCase = address.replace(/[^/]+$/, (id) => id.toUpperCase());
    const replies = await Promise.all([send(address, 0, CSV), send(upperCase, 0, CSV), send(address, 0, CSV)]);
    assert.deepEqual(replies.map(({ status }) => status).sort(), [204, 409, 409]);
  });

  test('lets a client resume where it disconnected', async () => {
    const address = await begun('hangs-up');
    const sender = unfinished(address, 0, { 'content-length': String(CSV.length) });
    sender.write(CSV.subarray(0, 50_000));
    await received(address, 50_000);
    sender.destroy();
    assert.equal(await offsetOf(address), 50_000);
    assert.equal((await send(address, 50_000, CSV.subarray(50_000))).status, 204);
  });

  test('lets a client resume while its old connection still seems open', async () => {
    const address = await begun('half-open');
    const dead = unfinished(address, 0, { 'content-length': String(CSV.length) });
    dead.write(CSV.subarray(0, 1_000));
    await received(address, 1_000);
    assert.equal(await offsetOf(address), 1_000);
    assert.equal((await send(address, 1_000, CSV.subarray(1_000))).status, 204);
    dead.destroy();
  });

  test('answers a stalled client with upload_too_slow, and keeps the bytes received', async () => {
    const address = await begun('stalls');
    const sender = unfinished(address, 0, { 'content-length': String(CSV.length) });
    sender.write(CSV.subarray(0, 1_000));
    const [answer] = (await once(sender, 'response', { signal: AbortSignal.timeout(9_000) })) as [IncomingMessage];
    // biome-ignore lint/suspicious/noExplicitAny: what a server answers is for the test to assert.
    const body = (await json(answer)) as any;
    assert.deepEqual([answer.statusCode, body.code], [408, 'upload_too_slow']);
    assert.equal(await offsetOf(address), 1_000);
  });
});
