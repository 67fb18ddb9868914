import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { madeFile } from '../fixtures/data-files.ts';
import { call, formOf, put, type RunningThena, startThena, upload, WAIT } from '../server.ts';
import { until } from '../until.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_UPLOAD_BYTES: '100MiB', THENA_RETRY_SECONDS: '0' });
});
after(() => thena.close());

const { bytes: rides, rows: rideRows } = madeFile('rides');

test('accepts a form with the customer before or after the file, and links to the upload', async () => {
  for (const fields of [
    [['customer_id', 'Order'] as const, ['file', rides] as const],
    [['file', rides] as const, ['customer_id', 'ORDER'] as const],
  ]) {
    const reply = await call(`${thena.url}/api/v1/event/`, { method: 'POST', body: formOf(...fields) });
    assert.equal(reply.status, 202);
    assert.equal(reply.body.customer_id, 'order');
    assert.equal(reply.body.sha256, createHash('sha256').update(rides).digest('hex'));
    assert.equal(reply.body.bytes, rides.length);
    assert.equal(reply.headers.get('location'), `/api/v1/uploads/${reply.body.id}`);
    assert.equal((await call(`${thena.url}${reply.headers.get('location')}`)).body.id, reply.body.id);
  }
});

/** A column whose values have one form only. */
const UNSTYLED = { format: null, order: null, decimal: null, thousands: null, time_zone: null };

test('answers with 200 once the upload has ended, if the client prefers to wait', async () => {
  const reply = await upload(thena.url, 'waits', rides);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get('preference-applied'), 'wait');
  assert.equal(reply.body.status, 'complete');
  assert.deepEqual(reply.body.receipt.columns, [
    { ...UNSTYLED, name: 'timestamp', type: 'timestamp', time_zone: 'UTC' },
    { ...UNSTYLED, name: 'value', type: 'integer' },
  ]);
  assert.deepEqual(
    [reply.body.receipt.encoding, reply.body.receipt.delimiter, reply.body.receipt.header],
    ['utf-8', ',', true],
  );
});

test('answers a waiting client with 200 and the error, if the upload fails after it was received', async () => {
  const rows = '2024-01-01 00:00:00,1\n'.repeat(3);
  assert.equal((await upload(thena.url, 'late', `at,amount\n${rows}`)).body.status, 'complete');
  const reply = await upload(thena.url, 'late', `at,amount\n${rows}2024-01-01 00:00:00,many\n`);
  assert.equal(reply.status, 200);
  assert.equal(reply.body.status, 'failed');
  assert.equal(reply.body.error.code, 'rows_rejected');
  assert.equal((await call(`${thena.url}/api/v1/customers/late/table`)).body.rows, 3);
});

test('accepts a file as the body of PUT and POST, with any content type, and keeps its name', async () => {
  const url = `${thena.url}/api/v1/customers/raw/uploads?filename=rides.csv`;
  for (const [method, type] of [
    ['PUT', 'text/csv'],
    ['POST', 'application/x-www-form-urlencoded'],
    ['POST', 'application/octet-stream'],
  ] as const) {
    const headers = { 'content-type': type, ...WAIT };
    const reply = await call(url, { method, body: new Uint8Array(rides), headers });
    assert.deepEqual([reply.status, reply.body.status, reply.body.filename], [200, 'complete', 'rides.csv']);
  }
});

test('rejects JSON and forms as the body of a file', async () => {
  for (const type of ['application/json', 'application/ld+json', 'multipart/form-data; boundary=x']) {
    const reply = await put(thena.url, 'wrong', '{}', { 'content-type': type });
    assert.deepEqual([reply.status, reply.body.code], [415, 'unsupported_media_type']);
  }
});

test('decompresses a body by its Content-Encoding header or by its first bytes', async () => {
  for (const [body, encoding] of [
    [gzipSync(rides), 'gzip'],
    [zstdCompressSync(rides), 'zstd'],
  ] as const) {
    for (const headers of [{ ...WAIT, 'content-encoding': encoding }, WAIT]) {
      const reply = await put(thena.url, 'packed', body, headers);
      assert.equal(reply.body.status, 'complete', JSON.stringify(reply.body));
      assert.equal(reply.body.receipt.rows_in_file, rideRows);
    }
  }
});

test('recognizes zstd behind a skippable frame', async () => {
  for (const magic of [0x184d2a50, 0x184d2a5f]) {
    const frame = Buffer.from('....\x03\0\0\0abc', 'latin1');
    frame.writeUInt32LE(magic);
    const reply = await put(thena.url, 'packed', Buffer.concat([frame, zstdCompressSync(rides)]), WAIT);
    assert.equal(reply.body.receipt?.rows_in_file, rideRows, JSON.stringify(reply.body));
  }
});

test('applies the options in the query string, and shows them in the upload', async () => {
  const query = `?delimiter=${encodeURIComponent('|')}&header=false&encoding=latin1&decimal=comma&thousands=none&nulls=NA,-&time_zone=UTC&date_order=dmy&widen=text:B,A`;
  const reply = await put(thena.url, 'options', Buffer.from('1|caf\xe9\n2|x\n', 'latin1'), WAIT, query);
  assert.equal(reply.body.status, 'complete', JSON.stringify(reply.body));
  assert.deepEqual(reply.body.options, {
    delimiter: '|',
    quote: null,
    header: false,
    encoding: 'windows-1252',
    skip_lines: null,
    comment: null,
    escape: null,
    surplus: 'reject',
    strip_nul: false,
    on_error: 'abort',
    duplicates: 'append',
    dry_run: false,
    decimal: ',',
    thousands: 'none',
    nulls: ['NA', '-'],
    time_zone: 'UTC',
    date_order: 'dmy',
    widen: 'text:b,a',
    time_column: null,
    columns: null,
    from_customer: [],
  });
  assert.equal(reply.body.receipt.rows_in_file, 2);
});

test('rejects unknown, repeated and contradicting options, and invalid values', async () => {
  for (const [query, code, detail] of [
    ['delimeter=x', 'bad_request', /delimeter/],
    ['decimal=,&decimal=.', 'bad_request', /decimal/],
    ['decimal=;', 'upload_option_invalid', /decimal is ';'/],
    ['decimal=,&thousands=,', 'upload_option_invalid', /decimal and thousands/],
    ['time_zone=Mars/Base', 'time_zone_unknown', /Mars\/Base/],
    ['date_order=dym', 'upload_option_invalid', /date_order/],
  ] as const) {
    const reply = await put(thena.url, 'options', 'a\n1\n', {}, `?${query}`);
    assert.equal(reply.body.code, code, JSON.stringify(reply.body));
    assert.match(reply.body.detail, detail);
  }
});

test('rejects a body that is too large by its Content-Length before reading it', async () => {
  const reply = await talk(
    'PUT /api/v1/customers/large/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n',
  );
  assert.match(reply, /^HTTP\/1.1 413 /);
  assert.match(reply, /"code":"upload_too_large"/);
});

test('rejects a request without a body', async () => {
  const reply = await call(`${thena.url}/api/v1/customers/none/uploads`, { method: 'PUT' });
  assert.equal(reply.status, 422);
  const raw = await talk('PUT /api/v1/customers/none/uploads HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  assert.match(raw, /"code":"file_missing"/);
});

test('delivers a rejection to a client that sends its whole body before it reads', async () => {
  const head = 'PUT /api/v1/customers/eager/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n';
  const reply = await talk(
    head,
    Buffer.concat([Buffer.from('a,b,c,d,e,f\n'), Buffer.alloc(49_999_988, '1,2,3,4,5,6\n')]),
  );
  assert.match(reply, /^HTTP\/1.1 422 /);
  assert.match(reply, /"code":"too_many_columns"/);
});

test('removes everything of an upload whose client disconnected, and reports the request', async () => {
  const socket = connect(Number(new URL(thena.url).port), '127.0.0.1');
  socket.write('PUT /api/v1/customers/gone/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n\r\n');
  socket.write(Buffer.concat([Buffer.from('a,b\n'), Buffer.alloc(4_000_000, '1,2\n')]));
  await sleep(300);
  assert.equal(readdirSync(join(thena.dataDir, 'spool')).length, 1);
  socket.destroy();
  await until(() => readdirSync(join(thena.dataDir, 'spool')).length === 0);
  await until(async () => (await call(`${thena.url}/api/v1/customers/gone`)).status === 404);
  const answered = thena.observations.filter((one) => one.kind === 'request_answered' && one.status >= 400);
  assert(answered.length > 0);
  assert.deepEqual(
    thena.observations.filter((one) => one.kind === 'request_failed'),
    [],
  );
});

test('keeps a new customer that another upload needs when one of its first uploads is rejected', async () => {
  const slow = new ReadableStream({
    async start(controller) {
      controller.enqueue(Buffer.from('a,b\n1,2\n'));
      await sleep(500);
      controller.enqueue(Buffer.from('3,4\n'));
      controller.close();
    },
  });
  const init = { method: 'PUT', body: slow, duplex: 'half', headers: WAIT } as RequestInit;
  const honest = call(`${thena.url}/api/v1/customers/shared/uploads`, init);
  await sleep(100);
  assert.equal((await put(thena.url, 'shared', 'a,b,c,d,e,f\n1,2,3,4,5,6\n')).status, 422);
  const reply = await honest;
  assert.deepEqual([reply.status, reply.body.receipt?.rows_in_file], [200, 2], JSON.stringify(reply.body));
});

test('lists uploads newest first, page by page', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) ids.unshift((await upload(thena.url, 'listed', `a\n${n}\n`)).body.id);
  const list = `${thena.url}/api/v1/customers/listed/uploads`;
  const first = (await call(`${list}?limit=2`)).body;
  const second = (await call(`${list}/?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`)).body;
  assert.deepEqual(
    [...first.items, ...second.items].map(({ id }) => id),
    ids,
  );
  assert.equal(second.next_cursor, null);
  for (const query of ['limit=0', 'limit=201', 'limit=x', 'cursor=', 'page=2']) {
    assert.equal((await call(`${list}?${query}`)).body.code, 'bad_request', query);
  }
  assert((await call(`${list}?cursor=%27%20or%201=1`)).status < 500);
});

test('answers 404 for any unknown upload, even if its ID is malformed', async () => {
  for (const id of ['00000000-0000-4000-8000-000000000000', 'x', '%27', '..%2f..']) {
    const reply = await call(`${thena.url}/api/v1/uploads/${id}`);
    assert.deepEqual([reply.status, reply.body.code], [404, 'upload_not_found'], id);
  }
});

/** Sends bytes over a connection of its own, and reads only after the last of them. */
async function talk(...parts: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(Number(new URL(thena.url).port), '127.0.0.1');
  socket.pause();
  for (const part of parts) await new Promise((resolve) => socket.write(part, resolve));
  socket.setEncoding('utf8');
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    const [head = '', body] = text.split('\r\n\r\n');
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    if (body !== undefined && Buffer.byteLength(body) >= Number(length)) break;
  }
  socket.destroy();
  return text;
}

test('warns in the receipt if the header may be a row of data', async () => {
  const warningsOf = async (customer: string, csv: string): Promise<string[]> => {
    const { body } = await upload(thena.url, customer, csv);
    assert.equal(body.status, 'complete', JSON.stringify(body.error));
    return body.receipt.warnings;
  };
  const TEXTS = 'Rome,Italy\nParis,France\nOslo,Norway\n';
  const [warning = '', ...more] = await warningsOf('headerless', TEXTS);
  assert.match(warning, /'Rome', 'Italy'.* header=false/);
  assert.deepEqual(more, []);
  assert.deepEqual(await warningsOf('headerless', 'Rome,Italy\nLyon,France\n'), [], 'the table has these names');
  const nearly = await warningsOf('has-values', 'city,people\nRome,2800000\nParis,n/a\nOslo,700000\n');
  assert.deepEqual(
    nearly.filter((text) => /header/.test(text)),
    [],
  );
  const declared = await put(thena.url, 'declared', TEXTS, WAIT, '?header=true');
  assert.deepEqual(declared.body.receipt.warnings, []);
});
