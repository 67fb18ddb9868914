import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Upload } from 'tus-js-client';
import { startThenaProcess } from '../../harness/thena-process.ts';
import { FAILPOINTS_CHANNEL } from '../../src/failpoints.ts';
import { analyze, call, type Reply, type RunningThena, startThena } from '../server.ts';
import { ask, begin, type Headers, idOf, offsetOf, send, TUS } from './tus-requests.ts';

const ROWS = 20_000;
const CSV = Buffer.from(
  `at,amount\n${Array.from({ length: ROWS }, (_, row) => `2024-01-01 00:00:${String(row % 60).padStart(2, '0')},${row}\n`).join('')}`,
);

/** Waits until an upload has ended. */
async function ended(url: string, id: string | undefined): Promise<Reply['body']> {
  for (;;) {
    const { body } = await call(`${url}/api/v1/uploads/${id}`);
    if (body.finished_at !== null) return body;
    await sleep(20);
  }
}

describe('a resumable upload', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
  });
  after(() => thena.close());

  async function begun(length: number, customer: string): Promise<string> {
    const { status, headers, body } = await begin(thena.url, length, { customer_id: customer });
    assert.equal(status, 201, JSON.stringify(body));
    return thena.url + headers.get('location');
  }

  test('by a tus client becomes an upload with the same ID and the options of its metadata', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const client = new Upload(Readable.from([CSV.subarray(0, 99), CSV.subarray(99)], { objectMode: false }), {
      endpoint: `${thena.url}/api/v1/tus`,
      uploadSize: CSV.length,
      chunkSize: 100_000,
      uploadDataDuringCreation: true,
      metadata: { customer_id: 'client', filename: 'events.csv', on_error: 'skip' },
      onSuccess: () => resolve(),
      onError: reject,
    });
    client.start();
    await promise;
    const upload = await ended(thena.url, idOf(client.url ?? ''));
    assert.equal(upload.status, 'complete', JSON.stringify(upload));
    assert.equal(upload.filename, 'events.csv');
    assert.equal(upload.receipt.appended, ROWS);
    assert.deepEqual(await readdir(join(thena.dataDir, 'resumable')), [], 'its bytes are removed');
  });

  test('continues where it stopped, and refuses bytes at another offset', async () => {
    const address = await begun(CSV.length, 'pieces');
    assert.equal((await send(address, 0, CSV.subarray(0, 1000))).status, 204);
    const { status, body } = await send(address, 999, CSV.subarray(999));
    assert.equal(status, 409);
    assert.equal(body.code, 'upload_offset_conflict');
    const asked = await ask(address);
    assert.equal(asked.status, 200);
    assert.equal(asked.headers.get('upload-offset'), '1000');
    assert.equal((await send(address, 1000, CSV.subarray(1000))).status, 204);
    assert.equal((await ended(thena.url, idOf(address))).status, 'complete');
    // A client that missed the last response requests the offset, and learns that the file is complete.
    assert.equal((await ask(address)).headers.get('upload-offset'), String(CSV.length));
    assert.equal(
      (await send(address, CSV.length, Buffer.alloc(0))).status,
      204,
      'repeating the request changes nothing',
    );
    assert.equal((await analyze(thena.url, 'pieces', 10001)).body.result.total_rows, ROWS);
    const given = await ask(address, 'DELETE');
    assert.equal(given.status, 400, 'a complete upload is undone at /uploads');
  });

  test('keeps bytes only if their checksum is right', async () => {
    const address = await begun(CSV.length, 'sums');
    const sum = (bytes: Buffer, name: string): string => `${name} ${createHash(name).update(bytes).digest('base64')}`;
    const wrong = await send(address, 0, CSV.subarray(0, 500), {
      'upload-checksum': sum(CSV.subarray(1, 501), 'sha1'),
    });
    assert.equal(wrong.status, 460);
    assert.equal(wrong.body.code, 'checksum_mismatch');
    assert.equal((await ask(address)).headers.get('upload-offset'), '0');
    const unknown = await send(address, 0, CSV.subarray(0, 500), { 'upload-checksum': 'md5 AAAA' });
    assert.equal(unknown.status, 400);
    const right = await send(address, 0, CSV, { 'upload-checksum': sum(CSV, 'sha256') });
    assert.equal(right.status, 204, JSON.stringify(right.body));
    assert.equal((await ended(thena.url, idOf(address))).status, 'complete');
  });

  test('can be terminated, after which it does not exist', async () => {
    const address = await begun(CSV.length, 'given-up');
    await send(address, 0, CSV.subarray(0, 1000));
    assert.equal((await ask(address, 'DELETE')).status, 204);
    assert.equal((await ask(address)).status, 404);
    assert.equal((await send(address, 1000, CSV.subarray(1000))).body.code, 'upload_not_found');
  });

  test('is refused with the reason and removed if it is not CSV', async () => {
    const binary = Buffer.alloc(1000);
    const address = await begun(binary.length, 'binary');
    const { status, body } = await send(address, 0, binary);
    assert.equal(status >= 400 && status < 500, true);
    assert.equal(body.code, 'not_csv', JSON.stringify(body));
    assert.equal((await ask(address)).status, 404);
  });

  test('is shown as an upload that is being received, until it is complete', async () => {
    const address = await begun(CSV.length, 'visible');
    const uploadAt = address.replace('/tus/', '/uploads/');
    await send(address, 0, CSV.subarray(0, 1000));
    const { body } = await call(uploadAt);
    assert.deepEqual([body.id, body.customer_id, body.status], [idOf(address), 'visible', 'receiving']);
    assert.deepEqual(body.progress, { bytes_received: 1000, rows_read: 0, fraction_done: null });
    const events = (await fetch(`${uploadAt}/events`)).text();
    await send(address, 1000, CSV.subarray(1000));
    const text = await events;
    assert.match(text, /^event: progress\ndata: .*"bytes_received":1000,/);
    assert.match(text, /event: end\ndata: .*"status":"complete".*\n\n$/);
  });

  test('ends its event stream with the problem if it is not CSV', async () => {
    const address = await begun(1000, 'followed');
    const events = await fetch(address.replace('/tus/', '/uploads/').concat('/events'));
    assert.equal((await send(address, 0, Buffer.alloc(1000))).body.code, 'not_csv');
    assert.match(await events.text(), /event: problem\ndata: .*"not_csv"/);
  });

  test('can be cancelled like any upload, and its client gets an error', async () => {
    const address = await begun(CSV.length, 'cancelled');
    const sender = request(address, {
      method: 'PATCH',
      headers: { ...TUS, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    });
    const answer = once(sender, 'response') as Promise<[IncomingMessage]>;
    sender.on('error', () => undefined);
    sender.write(CSV.subarray(0, 1000));
    const uploadAt = address.replace('/tus/', '/uploads/');
    while ((await call(uploadAt)).body.progress.bytes_received < 1000) await sleep(10);
    const { status, body } = await call(uploadAt, { method: 'DELETE' });
    assert.deepEqual([status, body.status, body.progress], [200, 'cancelled', null]);
    assert.equal((await answer)[0].statusCode, 409);
    assert.equal((await ask(address)).status, 404);
    assert.equal((await call(uploadAt)).status, 404);
    assert.equal((await call(`${thena.url}/api/v1/customers/cancelled`)).status, 404, 'no customer was created');
    sender.destroy();
  });

  test('is never acknowledged if its customer is deleted meanwhile', async () => {
    assert.equal((await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'deleted' } })).status, 201);
    const address = await begun(CSV.length, 'deleted');
    await send(address, 0, CSV.subarray(0, 1000));
    const sending = send(address, 1000, CSV.subarray(1000));
    const deleted = await call(`${thena.url}/api/v1/customers/deleted`, { method: 'DELETE' });
    const { status } = await sending;
    // Whichever request is first, the other one is refused.
    if (deleted.status === 204) assert.ok([404, 409].includes(status), `${status}`);
    else assert.deepEqual([deleted.body.code, status], ['customer_busy', 204]);
  });

  test('is never acknowledged if its file was removed after the last byte', async () => {
    const address = await begun(CSV.length, 'removed');
    const resumable = join(thena.dataDir, 'resumable');
    const remove = (failpoint: unknown): void => {
      if (failpoint !== 'chunk_appended') return;
      rmSync(join(resumable, idOf(address)), { recursive: true });
    };
    subscribe(FAILPOINTS_CHANNEL, remove);
    try {
      const { status, body } = await send(address, 0, CSV);
      assert.deepEqual([status, body.code], [500, 'upload_bytes_missing']);
      assert.equal((await ask(address)).status, 404, 'it is not tried again');
    } finally {
      unsubscribe(FAILPOINTS_CHANNEL, remove);
    }
  });

  test('may be compressed', async () => {
    const packed = gzipSync(CSV);
    const address = await begun(packed.length, 'packed');
    assert.equal((await send(address, 0, packed)).status, 204);
    assert.equal((await ended(thena.url, idOf(address))).receipt.appended, ROWS);
    assert.equal((await ask(address)).status, 200);
  });

  test('is refused before its first byte if its headers are invalid', async () => {
    const refused = async (...args: [number, Headers, Headers?]): Promise<string> =>
      (await begin(thena.url, ...args)).body.code;
    assert.equal(await refused(10, {}), 'customer_id_missing');
    assert.equal(await refused(10, { customer_id: '../x' }), 'customer_id_invalid');
    assert.equal(await refused(10, { customer_id: 'a', on_error: 'maybe' }), 'upload_option_invalid');
    assert.equal(await refused(2 ** 50, { customer_id: 'a' }), 'upload_too_large');
    assert.equal(await refused(10, { customer_id: 'a' }, { 'upload-metadata': '??? ???' }), 'tus_request_invalid');
    assert.equal(await refused(10, { customer_id: 'a' }, { 'tus-resumable': '0.1' }), 'tus_version_unsupported');
  });

  test('reports its extensions, and cannot be downloaded', async () => {
    const options = await call(`${thena.url}/api/v1/tus`, { method: 'OPTIONS' });
    assert.equal(options.status, 204);
    assert.equal(options.headers.get('tus-version'), '1.0.0');
    assert.match(options.headers.get('tus-extension') ?? '', /checksum/);
    assert.equal(options.headers.get('access-control-allow-origin'), null);
    const address = await begun(CSV.length, 'bytes');
    await send(address, 0, CSV.subarray(0, 1000));
    assert.equal((await call(address)).status, 405);
  });
});

test('lets no other customer access a resumable upload', async () => {
  const adminKey = 'an-admin-key-for-tests-only';
  const thena = await startThena({ THENA_ADMIN_KEY: adminKey });
  try {
    const keyOf = async (id: string): Promise<Headers> => {
      const headers = { authorization: `Bearer ${adminKey}` };
      const { body } = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: id }, headers });
      return { authorization: `Bearer ${body.api_key.key}` };
    };
    const own = await keyOf('own');
    const other = await keyOf('other');
    const { headers } = await begin(thena.url, CSV.length, { customer_id: 'own' }, own);
    const address = thena.url + headers.get('location');
    assert.equal((await begin(thena.url, 10, { customer_id: 'own' }, other)).body.code, 'customer_not_found');
    assert.equal((await ask(address, 'HEAD', other)).status, 404);
    const override = { 'x-http-method-override': 'DELETE' };
    assert.equal((await ask(address, 'POST', { ...other, ...override })).status, 404);
    assert.equal((await ask(address, 'POST', override)).status, 401);
    assert.equal((await call(address.replace('/tus/', '/uploads/'), { headers: other })).status, 404);
    const cancel = { method: 'DELETE', headers: other };
    assert.equal((await call(address.replace('/tus/', '/uploads/'), cancel)).status, 404);
    assert.equal((await ask(address, 'DELETE', other)).body.code, 'upload_not_found');
    assert.equal((await send(address, 0, CSV, other)).body.code, 'upload_not_found');
    assert.equal((await send(address, 0, CSV)).status, 401);
    assert.equal((await send(address, 0, CSV, own)).status, 204);
    assert.equal((await ask(address, 'HEAD', other)).status, 404);
  } finally {
    await thena.close();
  }
});

test('keeps the bytes received before a kill, and loads a complete file once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-tus-'));
  let thena = await startThenaProcess(folder);
  try {
    const { headers } = await begin(thena.url, CSV.length, { customer_id: 'killed' });
    const path = headers.get('location') ?? '';
    const sha1 = createHash('sha1').update(CSV.subarray(0, 5000)).digest('base64');
    const checked = { 'upload-checksum': `sha1 ${sha1}` };
    assert.equal((await send(thena.url + path, 0, CSV.subarray(0, 5000), checked)).status, 204);
    await thena.end('SIGKILL');
    thena = await startThenaProcess(folder);
    assert.equal((await ask(thena.url + path)).headers.get('upload-offset'), '5000');
    // Killed at a random moment during the last request: whatever the client was answered, the file is loaded once.
    const last = send(thena.url + path, 5000, CSV.subarray(5000)).catch(() => null);
    await sleep(Math.random() * 40);
    await thena.end('SIGKILL');
    await last;
    thena = await startThenaProcess(folder);
    const asked = await ask(thena.url + path);
    const offset = Number(asked.headers.get('upload-offset'));
    assert.equal(asked.status, 200);
    if (offset < CSV.length) assert.equal((await send(thena.url + path, offset, CSV.subarray(offset))).status, 204);
    assert.equal((await ended(thena.url, idOf(path))).status, 'complete');
    assert.equal((await analyze(thena.url, 'killed', 10001)).body.result.total_rows, ROWS);
    const { body } = await call(`${thena.url}/api/v1/customers/killed/uploads`);
    assert.equal(body.items.length, 1);
  } finally {
    await thena.end('SIGKILL');
    await rm(folder, { recursive: true });
  }
});

test('removes expired resumable uploads, but not complete or active ones', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-tus-'));
  const longAgo = new Date(Date.now() - 4 * 24 * 3600 * 1000);
  let thena = await startThenaProcess(folder);
  const begun = async (customer: string): Promise<string> => {
    const { headers } = await begin(thena.url, CSV.length, { customer_id: customer });
    return headers.get('location') ?? '';
  };
  const change = (sql: string, ...values: (string | number)[]): void => {
    const catalog = new DatabaseSync(join(folder, 'catalog.sqlite'));
    catalog.prepare(sql).run(...values);
    catalog.close();
  };
  const age = (path: string): void =>
    change('UPDATE resumable_files SET changed_at = ? WHERE id = ?', longAgo.getTime(), idOf(path));
  try {
    const [late, alive, whole] = [await begun('late'), await begun('alive'), await begun('whole')];
    for (const path of [late, alive, whole]) await send(thena.url + path, 0, CSV.subarray(0, 1000));
    age(late);
    const refused = await send(thena.url + late, 1000, CSV.subarray(1000));
    assert.deepEqual([refused.status, refused.body.code], [404, 'upload_not_found']);
    await thena.end('SIGKILL');
    // Its last bytes arrived, but the process was killed before it became an upload.
    await writeFile(join(folder, 'resumable', idOf(whole), 'last'), CSV.subarray(1000));
    const rest = CSV.length - 1000;
    change(
      'INSERT INTO resumable_chunks (file_id, start, bytes, name) VALUES (?, 1000, ?, ?)',
      idOf(whole),
      rest,
      'last',
    );
    change('UPDATE resumable_files SET received = length WHERE id = ?', idOf(whole));
    age(whole);
    thena = await startThenaProcess(folder);
    assert.equal((await ended(thena.url, idOf(whole))).receipt.appended, ROWS);
    const left = await readdir(join(folder, 'resumable'));
    assert.deepEqual(left, [idOf(alive)]);
  } finally {
    await thena.end('SIGKILL');
    await rm(folder, { recursive: true });
  }
});

test('removes what a crash left half-written, and starts', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-tus-'));
  let thena = await startThenaProcess(folder);
  const resumable = join(folder, 'resumable');
  try {
    const { headers } = await begin(thena.url, CSV.length, { customer_id: 'half' });
    const path = headers.get('location') ?? '';
    assert.equal((await send(thena.url + path, 0, CSV.subarray(0, 1000))).status, 204);
    // The checksum of these bytes was never verified, so they do not count.
    const sha1 = createHash('sha1').update(CSV.subarray(1000)).digest('base64');
    const sender = request(thena.url + path, {
      method: 'PATCH',
      headers: {
        ...TUS,
        'upload-offset': '1000',
        'content-type': 'application/offset+octet-stream',
        'content-length': String(CSV.length - 1000),
        'upload-checksum': `sha1 ${sha1}`,
      },
    });
    sender.on('error', () => undefined);
    sender.write(CSV.subarray(1000, 200_000));
    const bytes = async (): Promise<number> => {
      const names = await readdir(join(resumable, idOf(path)));
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(resumable, idOf(path), name))).size));
      return sizes.reduce((sum, size) => sum + size, 0);
    };
    while ((await bytes()) < 200_000) await sleep(10);
    await thena.end('SIGKILL');
    const stray = '00000000-0000-4000-8000-000000000000';
    await mkdir(join(resumable, stray));
    await writeFile(join(resumable, stray, 'chunk'), 'of a file that does not exist');
    thena = await startThenaProcess(folder);
    assert.equal(await offsetOf(thena.url + path), 1000);
    assert.deepEqual(await readdir(resumable), [idOf(path)]);
    assert.equal((await send(thena.url + path, 1000, CSV.subarray(1000))).status, 204);
    assert.equal((await ended(thena.url, idOf(path))).receipt.appended, ROWS);
  } finally {
    await thena.end('SIGKILL');
    await rm(folder, { recursive: true });
  }
});
