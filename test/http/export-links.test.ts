import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, mock, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { EngineClient } from '../../src/engine/engine-client.ts';
import { call, type RunningThena, startThena, upload } from '../server.ts';
import { parquetRows } from './parquet-rows.ts';
import { type RawReply, rawRequest } from './raw-request.ts';

const ROWS = 20_000;
const CSV = `n,city\n${Array.from({ length: ROWS }, (_, index) => `${index},city ${(index * 7919) % 1000}`).join('\n')}\n`;

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  assert.equal((await upload(thena.url, 'acme', CSV)).body.status, 'complete');
});
after(() => thena.close());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<RawReply> =>
  rawRequest(`${thena.url}/api/v1/customers/acme/${path}`, { headers, method });

/** Reads a Parquet file as its readers do: its length, the end, the footer, and then the data, by ranges. */
async function readInRanges(path: string): Promise<Buffer> {
  const head = await get(path, {}, 'HEAD');
  const length = Number(head.headers['content-length']);
  const ifRange = String(head.headers.etag);
  const range = async (start: number, end: number): Promise<Buffer> => {
    const part = await get(path, { range: `bytes=${start}-${end - 1}`, 'if-range': ifRange });
    assert.equal(part.status, 206);
    assert.equal(part.bytes.length, end - start);
    return part.bytes;
  };
  const end = await range(length - 8, length);
  assert.equal(end.subarray(4).toString(), 'PAR1');
  const footerAt = length - 8 - end.readUInt32LE(0);
  const footer = await range(footerAt, length - 8);
  const parts: Buffer[] = [];
  for (let at = 0; at < footerAt; at += 10_000) parts.push(await range(at, Math.min(at + 10_000, footerAt)));
  return Buffer.concat([...parts, footer, end]);
}

test('a Parquet export is written once, however often parts of it are requested', async () => {
  const asked = mock.method(EngineClient.prototype, 'call');
  const bytes = await readInRanges('export.parquet');
  const writes = asked.mock.calls.filter(({ arguments: [operation] }) => operation === 'export_parquet').length;
  mock.restoreAll();
  assert.equal(writes, 1);
  assert.deepEqual((await get('export.parquet')).bytes, bytes);
  const { types, rows } = await parquetRows(bytes);
  assert.deepEqual([types, rows.length], [{ n: 'BIGINT', city: 'VARCHAR' }, ROWS]);
  assert.ok(rows.every(({ n }, index) => n === String(index)));
  assert.deepEqual(readdirSync(join(thena.dataDir, 'tmp/exports')), [], 'files without a name need no cleaning up');
});

test('concurrent requests for the same Parquet export share the file', async () => {
  const asked = mock.method(EngineClient.prototype, 'call');
  const replies = await Promise.all(Array.from({ length: 8 }, () => get('export.parquet?where=n>5')));
  const writes = asked.mock.calls.filter(({ arguments: [operation] }) => operation === 'export_parquet').length;
  mock.restoreAll();
  assert.equal(writes, 1);
  assert.ok(replies.every(({ status, bytes }) => status === 200 && bytes.equals(replies[0]?.bytes ?? Buffer.alloc(0))));
});

test('an Arrow export is streamed as a whole, and stored for parts', async () => {
  const whole = await get('export.arrow');
  assert.deepEqual(
    [whole.status, whole.headers['content-length'], whole.headers['accept-ranges']],
    [200, undefined, 'bytes'],
  );
  assert.equal(tableFromIPC(whole.bytes).numRows, ROWS);
  const head = await get('export.arrow', {}, 'HEAD');
  const stored = await get('export.arrow');
  assert.equal(Number(head.headers['content-length']), stored.bytes.length);
  assert.equal(head.headers.etag, stored.headers.etag);
  assert.equal(tableFromIPC(stored.bytes).numRows, ROWS);
  const part = await get('export.arrow', { range: 'bytes=100-199' });
  assert.deepEqual([part.status, part.bytes], [206, stored.bytes.subarray(100, 200)]);
  assert.equal((await get('export.arrow', { range: `bytes=${stored.bytes.length}-` })).status, 416);
});

test('CSV and NDJSON exports are streamed, with headers for HEAD and an entity tag', async () => {
  for (const format of ['csv', 'ndjson']) {
    const got = await get(`export.${format}`);
    const head = await get(`export.${format}`, {}, 'HEAD');
    assert.match(got.headers.etag ?? '', /^"[\w-]{22}"$/);
    assert.equal(got.headers['accept-ranges'], 'none');
    assert.equal((await get(`export.${format}`, { range: 'bytes=0-1' })).status, 200);
    for (const name of ['etag', 'content-type', 'content-disposition', 'cache-control', 'thena-table-version']) {
      assert.equal(head.headers[name], got.headers[name], name);
    }
    assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, undefined, 0]);
    assert.deepEqual((await get(`export?format=${format}`)).bytes, got.bytes);
    assert.deepEqual((await get(`table/export?format=${format}`)).bytes, got.bytes);
    const held = await get(`export.${format}`, { 'if-none-match': got.headers.etag ?? '' });
    assert.deepEqual([held.status, held.bytes.length], [304, 0]);
  }
  assert.equal((await get('export.csv')).body, CSV);
  assert.equal((await get('export.csv?format=csv')).body.code, 'bad_request');
  assert.equal((await get('export.csv?where=n<2&columns=n')).body, 'n\n0\n1\n');
});

test('an export changes with the table, and the file of an earlier version is not served', async () => {
  const first = await get('export.parquet');
  const added = await upload(thena.url, 'acme', 'n,city\n-1,new\n');
  const range = { range: 'bytes=0-3', 'if-range': first.headers.etag ?? '' };
  const second = await get('export.parquet', range);
  assert.equal(second.status, 200, 'not a part of another file than the client has');
  assert.equal((await parquetRows(second.bytes)).rows.length, ROWS + 1);
  await call(`${thena.url}/api/v1/uploads/${added.body.id}`, { method: 'DELETE' });
  const third = await get('export.parquet', { 'if-none-match': second.headers.etag ?? '' });
  assert.equal((await parquetRows(third.bytes)).rows.length, ROWS);

  await upload(thena.url, 'gone', 'n\n1\n');
  const url = `${thena.url}/api/v1/customers/gone/export.parquet`;
  const { headers } = await rawRequest(url);
  await call(`${thena.url}/api/v1/customers/gone`, { method: 'DELETE' });
  assert.equal((await rawRequest(url)).status, 404);
  await upload(thena.url, 'gone', 'n\n2\n');
  const again = await rawRequest(url, { headers: { 'if-none-match': headers.etag ?? '' } });
  assert.deepEqual([again.status, (await parquetRows(again.bytes)).rows], [200, [{ n: '2' }]]);
});

test('DuckDB reads the links over HTTP', async (t) => {
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const connection = await instance.connect();
    const loaded = await connection.run('LOAD httpfs').catch(() => null);
    if (!loaded) return t.skip('DuckDB has no extension httpfs here');
    const rows = async (from: string): Promise<unknown> => {
      const sql = `SELECT count(*)::INTEGER AS rows, sum(n)::BIGINT AS sum FROM ${from}`;
      return (await connection.runAndReadAll(sql)).getRowObjectsJson()[0];
    };
    const url = `${thena.url}/api/v1/customers/acme`;
    const all = { rows: ROWS, sum: String((ROWS * (ROWS - 1)) / 2) };
    assert.deepEqual(await rows(`read_parquet('${url}/export.parquet')`), all);
    assert.deepEqual(await rows(`read_csv('${url}/export.csv')`), all);
    assert.deepEqual(await rows(`read_parquet('${url}/query.parquet?measures=sum:n:as:n&group_by=city')`), {
      ...all,
      rows: 1000,
    });
  } finally {
    instance.closeSync();
  }
});
