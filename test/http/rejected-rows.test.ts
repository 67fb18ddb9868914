import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { madeFile } from '../fixtures/data-files.ts';
import { analyze, call, type FormField, formOf, type Reply, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
let event: string;
before(async () => {
  thena = await startThena({ THENA_MAX_UPLOAD_BYTES: '1MiB' });
  event = `${thena.url}/api/v1/event/`;
  assert.equal((await upload(thena.url, 'known', TABLE)).body.status, 'complete');
});
after(() => thena.close());

const TABLE = 'at,kind,amount\n2024-01-01 00:00:00,a,1\n';
const FILE = Buffer.from(TABLE);

/** Whatever was refused: no customer has appeared, no row, no upload, no file in the spool. */
afterEach(async () => {
  const { items } = (await call(`${thena.url}/api/v1/customers`)).body;
  assert.deepEqual(
    items.map(({ id }: { id: string }) => id),
    ['known'],
  );
  const { body } = await call(`${thena.url}/api/v1/customers/known/table`);
  assert.deepEqual([body.rows, body.version], [1, 1]);
  const uploads = await call(`${thena.url}/api/v1/customers/known/uploads`);
  assert.equal(uploads.body.items.length, 1);
  assert.deepEqual(readdirSync(join(thena.dataDir, 'spool')), []);
});

function refused(reply: Reply, status: number, code: string, detail: RegExp): void {
  assert.equal(reply.body.code, code, JSON.stringify(reply.body));
  assert.equal(reply.status, status);
  assert.match(reply.body.detail, detail);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
  for (const member of ['type', 'title', 'hint']) assert.equal(typeof reply.body[member], 'string');
}

const send = (...fields: readonly FormField[]) => call(event, { method: 'POST', body: formOf(...fields) });

for (const customer of ['known', 'unknown']) {
  test(`a file of 6 columns is refused (${customer} customer)`, async () => {
    const six = 'a,b,c,d,e,f\n1,2,3,4,5,6\n';
    refused(await upload(thena.url, customer, six), 422, 'too_many_columns', /6/);
  });

  test(`a file in which two columns have one name is refused (${customer} customer)`, async () => {
    refused(await upload(thena.url, customer, 'at,kind,Kind\n2024-01-01,a,b\n'), 422, 'duplicate_column', /kind/i);
  });

  test(`a binary file is refused (${customer} customer)`, async () => {
    const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), randomBytes(4096)]);
    refused(await upload(thena.url, customer, png), 415, 'not_csv', /\w/);
  });

  test(`an empty file is refused (${customer} customer)`, async () => {
    refused(await upload(thena.url, customer, ''), 422, 'file_empty', /\w/);
  });

  test(`a header without rows is refused (${customer} customer)`, async () => {
    refused(await upload(thena.url, customer, 'at,kind,amount\n'), 422, 'no_rows', /row/);
  });

  test(`a file that is too large is refused (${customer} customer)`, async () => {
    const large = `at,kind,amount\n${'2024-01-01 00:00:00,a,1\n'.repeat(60_000)}`;
    refused(await upload(thena.url, customer, large), 413, 'upload_too_large', /1048576/);
    // What counts is what comes out, not the few bytes that go in.
    for (const packed of [gzipSync(large), zstdCompressSync(Buffer.from(large))]) {
      assert.ok(packed.length < 100_000);
      refused(await upload(thena.url, customer, packed), 413, 'upload_too_large', /1048576/);
    }
  });
}

test("a file with another customer's columns is refused, and shows the difference", async () => {
  const reply = await upload(thena.url, 'known', madeFile('routes').bytes);
  refused(reply, 422, 'columns_differ', /origin/);
});

test('a file that lacks a column is refused, and names it', async () => {
  refused(await upload(thena.url, 'known', 'at,kind\n2024-01-01 00:00:00,a\n'), 422, 'columns_differ', /amount/);
});

test('a file with a further column is refused, and names it', async () => {
  const reply = await upload(thena.url, 'known', 'at,kind,amount,colour\n2024-01-01 00:00:00,a,1,red\n');
  refused(reply, 422, 'columns_differ', /colour/);
});

test('a form without a file is refused', async () => {
  refused(await send(['customer_id', 'unknown']), 400, 'file_missing', /`file`/);
});

test('a form whose file is text is refused', async () => {
  refused(await send(['customer_id', 'unknown'], ['file', 'a,b']), 400, 'file_missing', /text/);
});

test('a form with two files is refused', async () => {
  const reply = await send(['customer_id', 'unknown'], ['file', FILE], ['file', FILE]);
  refused(reply, 400, 'too_many_files', /second/);
});

test('a form without a customer is refused', async () => {
  refused(await send(['file', FILE]), 400, 'customer_id_missing', /customer_id/);
});

test('a customer id that cannot be one is refused, before and after the file', async () => {
  for (const id of ['../../etc', 'a b', 'é', '-1', 'x'.repeat(65), "1'; drop table x", '_x']) {
    refused(await send(['customer_id', id], ['file', FILE]), 400, 'customer_id_invalid', /customer id/);
    refused(await send(['file', FILE], ['customer_id', id]), 400, 'customer_id_invalid', /customer id/);
  }
});

test('two different customers in one form are refused', async () => {
  const reply = await send(['customer_id', 'one'], ['file', FILE], ['customer_id', 'two']);
  refused(reply, 400, 'bad_request', /two different customers/);
});

test('a form field that is not known is refused by name', async () => {
  refused(await send(['customer_id', 'unknown'], ['colour', 'red'], ['file', FILE]), 400, 'bad_request', /'colour'/);
  refused(await send(['customer_id', 'unknown'], ['data', FILE]), 400, 'bad_request', /'data'/);
  refused(await send(['customer_id', 'unknown'], ['__proto__', '1']), 400, 'bad_request', /\w/);
});

test('options that stand behind the file, come twice or cannot be used are refused', async () => {
  const late = await send(['customer_id', 'unknown'], ['file', FILE], ['delimiter', ';']);
  refused(late, 400, 'bad_request', /before the file/);
  const twice = await send(['delimiter', ';'], ['delimiter', ','], ['customer_id', 'unknown'], ['file', FILE]);
  refused(twice, 400, 'upload_option_invalid', /twice/);
  for (const [name, value] of [
    ['delimiter', 'ab'],
    ['quote', 'x'],
    ['header', 'perhaps'],
    ['encoding', 'klingon'],
  ] as const) {
    const wrong = await send([name, value], ['customer_id', 'unknown'], ['file', FILE]);
    refused(wrong, 400, 'upload_option_invalid', new RegExp(name));
  }
});

test('a body that is no form is refused', async () => {
  const json = await call(event, { json: { customer_id: 1 } });
  refused(json, 415, 'unsupported_media_type', /form/);
  const text = await call(event, { method: 'POST', body: TABLE, headers: { 'content-type': 'text/csv' } });
  refused(text, 415, 'unsupported_media_type', /text\/csv/);
});

test('a form that breaks off is refused', async () => {
  const body = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n';
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  refused(await call(event, { method: 'POST', body, headers }), 400, 'bad_request', /broken/);
});

test('analyze types that are missing or unknown are refused, with those there are', async () => {
  const analyzeUrl = `${thena.url}/api/v1/analyze/`;
  const missing = await call(analyzeUrl, { json: { customer_id: 'known' } });
  refused(missing, 400, 'analyze_type_missing', /analyze_type/);
  const unknown = await analyze(thena.url, 'known', 31337);
  refused(unknown, 422, 'analyze_type_unknown', /10000 \(time_difference\), 10001/);
  const both = await call(analyzeUrl, { json: { customer_id: 'known', analyze_type: 10000, analyzer_type: 10001 } });
  refused(both, 400, 'bad_request', /mean the same/);
});

test('analyses of customers that are missing, malformed or absent are refused', async () => {
  refused(
    await call(`${thena.url}/api/v1/analyze/`, { json: { analyze_type: 10000 } }),
    400,
    'customer_id_missing',
    /\w/,
  );
  for (const id of ['a b', 1.5, -1, 2 ** 60])
    refused(await analyze(thena.url, id, 10000), 400, 'customer_id_invalid', /\w/);
  refused(await analyze(thena.url, 'absent', 10000), 404, 'customer_not_found', /'absent'/);
});

test('JSON that cannot be read, is too large, or has members too many is refused', async () => {
  const analyzeUrl = `${thena.url}/api/v1/analyze/`;
  const headers = { 'content-type': 'application/json' };
  refused(await call(analyzeUrl, { method: 'POST', body: '{"a":', headers }), 400, 'bad_request', /JSON/);
  refused(await call(analyzeUrl, { method: 'POST', body: '', headers }), 400, 'bad_request', /\w/);
  const large = JSON.stringify({ customer_id: 'x'.repeat(300_000) });
  refused(await call(analyzeUrl, { method: 'POST', body: large, headers }), 413, 'body_too_large', /\w/);
  const further = await call(`${thena.url}/api/v1/customers`, { json: { id: 1, colour: 'red' } });
  refused(further, 400, 'bad_request', /colour/);
  const wrong = await call(`${thena.url}/api/v1/customers`, { json: { id: { a: 1 } } });
  refused(wrong, 400, 'bad_request', /id/);
  assert.equal(wrong.body.errors[0].pointer, '/id');
  refused(await call(analyzeUrl, { json: [1] }), 400, 'bad_request', /object/);
  refused(await call(analyzeUrl, { json: { customer_id: { a: 1 } } }), 400, 'customer_id_invalid', /"a":1/);
});

test('addresses and methods that are not there are told apart', async () => {
  refused(await call(`${thena.url}/api/v1/nothing`), 404, 'not_found', /nothing/);
  refused(await call(`${thena.url}/%E0%A4%A`), 400, 'bad_request', /\w/);
  const wrongMethod = await call(`${thena.url}/api/v1/customers/known/uploads`, { method: 'PATCH' });
  refused(wrongMethod, 405, 'method_not_allowed', /PATCH/);
  assert.deepEqual(wrongMethod.headers.get('allow')?.split(', ').sort(), ['GET', 'HEAD', 'POST', 'PUT']);
});

test('nothing about how Thena is made is told to a client', async () => {
  const reply = await call(`${thena.url}/api/v1/analyze/`, {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  });
  assert.doesNotMatch(JSON.stringify(reply.body), /node_modules|\.ts:|at \w+ \(/);
});
