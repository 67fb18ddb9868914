import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { recordsOf } from '../../client/analyses.ts';
import { createClient, type ThenaClient } from '../../client/create-client.ts';
import { openFile } from '../../client/open-file.ts';
import { isProblem, ServerUnreachable, ThenaProblem, UnexpectedResponse } from '../../client/thena-problem.ts';
import { type RunningThena, startThena } from '../server.ts';

const CSV = 'event_time,amount,big\n2024-03-01T09:00:00Z,1.5,9007199254740993\n2024-03-02T09:00:00Z,,7\n';

let thena: RunningThena;
let client: ThenaClient;
let folder: string;

before(async () => {
  thena = await startThena();
  client = createClient({ url: `${thena.url}/` });
  folder = await mkdtemp(join(tmpdir(), 'thena-client-'));
});

after(async () => {
  await thena.close();
  await rm(folder, { recursive: true });
});

async function load(customerId: string, csv: string, options = {}) {
  const { id } = await client.upload(customerId, new Blob([csv]), { options });
  return await client.waitForEnd(id);
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('uploads a file by its path and returns its rows as objects, with exact integers', async () => {
  const path = join(folder, 'events.csv');
  await writeFile(path, CSV);
  const { id, filename } = await client.upload('rows', await openFile(path));
  assert.equal(filename, 'events.csv');
  assert.equal((await client.waitForEnd(id)).receipt?.appended, 2);
  const rows = await collect(client.rows('rows', { columns: ['big', 'amount'] }));
  assert.deepEqual(
    rows.map((row) => ({ ...row })),
    [
      { big: '9007199254740993', amount: 1.5 },
      { big: 7, amount: null },
    ],
  );
  assert.equal(BigInt(rows[0]?.big as string), 9007199254740993n);
  const some = await collect(client.rows('rows', { where: { column: 'amount', op: 'is null' }, limit: 1 }));
  assert.equal(some.length, 1);
});

test('uploads a stream of Node and a web stream', async () => {
  const progress: number[] = [];
  const { id } = await client.upload('streams', Readable.from([Buffer.from('a,b\n1,'), Buffer.from('2\n')]), {
    filename: 'piped.csv',
    onProgress: ({ sent }) => progress.push(sent),
  });
  assert.deepEqual(progress, [6, 8]);
  assert.equal((await client.waitForEnd(id)).filename, 'piped.csv');
  const second = await client.upload('streams', new Blob(['a,b\n3,4\n']).stream());
  assert.equal((await client.waitForEnd(second.id)).receipt?.table_rows_after, 2);
});

test('answers analyses with results of their types', async () => {
  await load('analyses', CSV);
  const difference = await client.analyze('analyses', 'time_difference');
  assert.equal(difference.result.seconds, 86_400);
  const buckets = await client.analyze('analyses', 'rows_over_time', { bucket: 'day' });
  assert.equal(buckets.result.bucket, 'day');
  const byNumber = await client.analyze('analyses', 10001);
  assert.deepEqual(byNumber.result, { total_rows: 2 });
  const sum = await client.query('analyses', { measures: [{ fn: 'sum', column: 'big', as: 'total' }] });
  assert.deepEqual(
    recordsOf(sum.result).map((row) => ({ ...row })),
    [{ total: '9007199254741000' }],
  );
  const id = crypto.randomUUID();
  const asked = client.query('analyses', { measures: [{ fn: 'count' }] }, { id });
  assert.ok(Array.isArray(await client.runningAnalyses('analyses')));
  await asked;
  await assert.rejects(client.cancelAnalysis('analyses', id), (error) => isProblem(error, 'analysis_not_found'));
  assert.ok((await client.analyzeTypes()).some(({ name }) => name === 'profile'));
});

test('throws problems with their code, and says if the server is unreachable or another one', async () => {
  await assert.rejects(client.table('nobody'), (error) => {
    assert.ok(isProblem(error, 'customer_not_found', 'table_empty'));
    assert.equal(error.status, 404);
    assert.ok(error.hint.length > 0);
    return true;
  });
  const other = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<p>hello'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  try {
    await assert.rejects(createClient({ url }).table('1000'), UnexpectedResponse);
    await assert.rejects(createClient({ url }).exportTable('1000'), UnexpectedResponse);
    await assert.rejects(createClient({ url }).uploads('1000').next(), UnexpectedResponse);
  } finally {
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  }
  await assert.rejects(createClient({ url }).table('1000'), (error) => {
    assert.ok(error instanceof ServerUnreachable);
    assert.match(error.message, /^Cannot reach http:.*(ECONNREFUSED|closed)/);
    return true;
  });
});

test('pages through uploads and rejected rows', async () => {
  const bad = Array.from({ length: 250 }, (_, index) => `x${index},2024-01-01\n`).join('');
  await load('pages', 'n,day\n1,2024-01-01\n');
  const upload = await load('pages', `n,day\n${bad}2,2024-01-02\n`, { on_error: 'skip' });
  assert.equal(upload.receipt?.rejected, 250);
  const rejected = await collect(client.rejectedRows(upload.id));
  assert.equal(rejected.length, 250);
  assert.equal(rejected[249]?.code, 'not_integer');
  assert.match(await text(await client.rejectedRowsCsv(upload.id)), /x249/);
  const uploads = await collect(client.uploads('pages'));
  assert.deepEqual(
    uploads.map(({ receipt }) => receipt?.appended),
    [1, 1],
  );
});

test('undoes, retries and follows uploads', async () => {
  const { id } = await load('manage', 'n\n1\n');
  assert.equal((await client.cancelOrUndo(id)).status, 'undone');
  await load('manage', 'n\n1\n');
  const failed = await load('manage', 'n\nx\n2\n');
  assert.equal(failed.error?.code, 'rows_rejected');
  const retried = await client.retryUpload(failed.id, { on_error: 'skip' });
  const states = await collect(client.followUpload(retried.id));
  assert.equal(states.at(-1)?.status, 'complete');
  assert.equal(states.at(-1)?.receipt?.rejected, 1);
});

test('exports a table as a stream', async () => {
  await load('exports', CSV);
  const exported = await client.exportTable('exports', { format: 'ndjson', columns: ['big'] });
  assert.deepEqual([exported.filename, exported.tableVersion], ['thena-exports.ndjson', 1]);
  assert.equal(await text(exported.stream), '{"big":"9007199254740993"}\n{"big":7}\n');
});

test('manages customers and keys, and uses a key', async () => {
  const locked = await startThena({ THENA_ADMIN_KEY: 'an-admin-key-of-a-test' });
  try {
    const admin = createClient({ url: locked.url, key: 'an-admin-key-of-a-test' });
    const created = await admin.createCustomer({ id: 'acme' });
    const key = await admin.createKey('acme', { label: 'reader', rights: ['read'] });
    assert.deepEqual(
      (await admin.keys('acme')).map(({ id }) => id).toSorted(),
      [created.api_key.id, key.id].toSorted(),
    );
    const reader = createClient({ url: locked.url, key: key.key });
    assert.deepEqual((await reader.currentSession()).rights, ['read']);
    assert.equal((await reader.customer('acme')).table, null);
    await assert.rejects(reader.upload('acme', new Blob(['n\n1\n'])), (error) => isProblem(error, 'key_lacks_right'));
    await admin.revokeKey('acme', key.id);
    await assert.rejects(reader.customer('acme'), (error) => isProblem(error, 'key_invalid'));
    await assert.rejects(createClient({ url: locked.url }).customer('acme'), ThenaProblem);
    assert.equal((await collect(admin.customers())).length, 1);
    await admin.deleteCustomer('acme');
    assert.equal((await admin.listCustomers()).items.length, 0);
  } finally {
    await locked.close();
  }
});

test('previews a file and asks about values with two readings', async () => {
  const file = new File(['day;n\n01/02/2024;1,5\n'], 'days.csv');
  const { dialect, questions } = await client.preview('preview', file);
  assert.deepEqual([dialect.delimiter, questions.map(({ option }) => option)], [';', ['date_order']]);
  const settled = await client.preview('preview', file, { options: { date_order: 'dmy' } });
  assert.deepEqual([settled.questions, settled.rows_read], [[], 1]);
});

test('follows a customer: its uploads and its table', async () => {
  await load('events', 'n\n1\n');
  const seen: unknown[] = [];
  const stop = new AbortController();
  const events = client.customerEvents('events', { signal: stop.signal });
  const sent = client.upload('events', new Blob(['n\n2\n']));
  for await (const { event, data } of events) {
    if (event === 'upload' && data.id === (await sent).id) seen.push(data.status);
    if (event === 'table' && data.rows === 2) break;
  }
  assert.ok(seen.length > 0);
  await assert.rejects(client.customerEvents('nobody').next(), (error) => isProblem(error, 'customer_not_found'));
});

test('reads a page anywhere in the table', async () => {
  await load('offset', `n\n${Array.from({ length: 50 }, (_, n) => n).join('\n')}\n`);
  const page = await client.rowsPage('offset', { offset: 40, limit: 2 });
  assert.deepEqual([page.rows, page.total_rows], [[[40], [41]], 50]);
  assert.equal((await collect(client.rows('offset', { offset: 40, limit: 3 }))).length, 10);
});

test('the signal of a caller ends a call with its reason', async () => {
  const stop = new AbortController();
  const { id } = await client.upload('signals', new Blob(['n\n1\n']));
  stop.abort(new Error('enough'));
  await assert.rejects(client.waitForEnd(id, { signal: stop.signal }), /enough/);
  await assert.rejects(client.table('signals', { signal: stop.signal }), /enough/);
});
