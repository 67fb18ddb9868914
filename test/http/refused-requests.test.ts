import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { madeFile } from '../fixtures/data-files.ts';
import { analyze, call, type FormField, formOf, type Reply, type RunningThena, startThena, upload } from '../server.ts';
import { until } from '../until.ts';

let thena: RunningThena;
let event: string;
before(async () => {
  thena = await startThena({ THENA_MAX_UPLOAD_BYTES: '1MiB' });
  event = `${thena.url}/api/v1/event/`;
  assert.equal((await upload(thena.url, 'known', TABLE)).body.status, 'complete');
  // The bytes of an upload are removed a moment after it is complete.
  await until(() => readdirSync(join(thena.dataDir, 'spool')).length === 0);
});
after(() => thena.close());

const TABLE = 'at,kind,amount\n2024-01-01 00:00:00,a,1\n';
const FILE = Buffer.from(TABLE);

/** A rejected request leaves nothing: no customer, no row, no upload, no file in the spool. */
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

function assertProblem(reply: Reply, status: number, code: string, detail: RegExp): void {
  assert.equal(reply.body.code, code, JSON.stringify(reply.body));
  assert.equal(reply.status, status);
  assert.match(reply.body.detail, detail);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/);
  for (const member of ['type', 'title', 'hint']) assert.equal(typeof reply.body[member], 'string');
}

const send = (...fields: readonly FormField[]) => call(event, { method: 'POST', body: formOf(...fields) });

for (const customer of ['known', 'unknown']) {
  test(`rejects a file of 6 columns (${customer} customer)`, async () => {
    const six = 'a,b,c,d,e,f\n1,2,3,4,5,6\n';
    assertProblem(await upload(thena.url, customer, six), 422, 'too_many_columns', /6/);
  });

  test(`rejects a file with two columns of the same name (${customer} customer)`, async () => {
    assertProblem(
      await upload(thena.url, customer, 'at,kind,Kind\n2024-01-01,a,b\n'),
      422,
      'duplicate_column',
      /kind/i,
    );
  });

  test(`rejects a binary file (${customer} customer)`, async () => {
    const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), randomBytes(4096)]);
    assertProblem(await upload(thena.url, customer, png), 415, 'not_csv', /\w/);
  });

  test(`rejects an empty file (${customer} customer)`, async () => {
    assertProblem(await upload(thena.url, customer, ''), 422, 'file_empty', /\w/);
  });

  test(`rejects a header without rows (${customer} customer)`, async () => {
    assertProblem(await upload(thena.url, customer, 'at,kind,amount\n'), 422, 'no_rows', /row/);
  });

  test(`rejects a file that is too large (${customer} customer)`, async () => {
    const large = `at,kind,amount\n${'2024-01-01 00:00:00,a,1\n'.repeat(60_000)}`;
    assertProblem(await upload(thena.url, customer, large), 413, 'upload_too_large', /1048576/);
    // The limit applies to the decompressed file, not to the few bytes that are sent.
    for (const packed of [gzipSync(large), zstdCompressSync(Buffer.from(large))]) {
      assert.ok(packed.length < 100_000);
      assertProblem(await upload(thena.url, customer, packed), 413, 'upload_too_large', /1048576/);
    }
  });
}

test('rejects a file whose columns differ from the table, and shows the difference', async () => {
  const reply = await upload(thena.url, 'known', madeFile('routes').bytes);
  assertProblem(reply, 422, 'columns_differ', /origin/);
});

test('rejects a file that lacks a column, and names it', async () => {
  assertProblem(await upload(thena.url, 'known', 'at,kind\n2024-01-01 00:00:00,a\n'), 422, 'columns_differ', /amount/);
});

test('rejects a file with an additional column, and names it', async () => {
  const reply = await upload(thena.url, 'known', 'at,kind,amount,colour\n2024-01-01 00:00:00,a,1,red\n');
  assertProblem(reply, 422, 'columns_differ', /colour/);
});

test('rejects a form without a file', async () => {
  assertProblem(await send(['customer_id', 'unknown']), 400, 'file_missing', /`file`/);
});

test('rejects a form whose file is a text field', async () => {
  assertProblem(await send(['customer_id', 'unknown'], ['file', 'a,b']), 400, 'file_missing', /text/);
});

test('rejects a second file in the form', async () => {
  const reply = await send(['customer_id', 'unknown'], ['file', FILE], ['file', FILE]);
  assertProblem(reply, 400, 'too_many_files', /more than one file/);
});

test('rejects a form without a customer', async () => {
  assertProblem(await send(['file', FILE]), 400, 'customer_id_missing', /customer_id/);
});

test('rejects an invalid customer ID, before and after the file', async () => {
  for (const id of ['../../etc', 'a b', 'é', '-1', ' 1000', '\u212anown', 'x'.repeat(65), "1'; drop table x", '_x']) {
    assertProblem(await send(['customer_id', id], ['file', FILE]), 400, 'customer_id_invalid', /customer ID/);
    assertProblem(await send(['file', FILE], ['customer_id', id]), 400, 'customer_id_invalid', /customer ID/);
  }
});

test('rejects two different customers in one form', async () => {
  const reply = await send(['customer_id', 'one'], ['file', FILE], ['customer_id', 'two']);
  assertProblem(reply, 400, 'bad_request', /two different values of customer_id/);
});

test('rejects an unknown form field by name', async () => {
  assertProblem(
    await send(['customer_id', 'unknown'], ['colour', 'red'], ['file', FILE]),
    400,
    'bad_request',
    /'colour'/,
  );
  assertProblem(await send(['customer_id', 'unknown'], ['data', FILE]), 400, 'bad_request', /'data'/);
  assertProblem(await send(['customer_id', 'unknown'], ['__proto__', '1']), 400, 'bad_request', /\w/);
});

test('rejects a part of the form that has no name', async () => {
  for (const disposition of ['form-data', 'form-data; name=""', 'form-data; filename="events.csv"']) {
    const lines = ['--b', `Content-Disposition: ${disposition}`, '', 'a,b', '--b--', ''];
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const reply = await call(event, { method: 'POST', body: lines.join('\r\n'), headers });
    assertProblem(reply, 400, 'bad_request', /no name/);
  }
});

test('rejects repeated options and invalid values, before and after the file', async () => {
  for (const fields of [
    [['delimiter', ';'] as const, ['delimiter', ','] as const, ['file', FILE] as const],
    [['delimiter', ';'] as const, ['file', FILE] as const, ['delimiter', ','] as const],
    [['file', FILE] as const, ['delimiter', ';'] as const, ['delimiter', ','] as const],
  ]) {
    const twice = await send(['customer_id', 'unknown'], ...fields);
    assertProblem(twice, 400, 'upload_option_invalid', /delimiter was given twice/);
  }
  const unknown = await send(['customer_id', 'unknown'], ['file', FILE], ['delimeter', ';']);
  assertProblem(unknown, 400, 'bad_request', /'delimeter'/);
  const marks = await send(['customer_id', 'unknown'], ['decimal', ','], ['file', FILE], ['thousands', ',']);
  assertProblem(marks, 400, 'upload_option_invalid', /decimal and thousands/);
  for (const [name, value] of [
    ['delimiter', 'ab'],
    ['quote', 'x'],
    ['header', 'perhaps'],
    ['encoding', 'klingon'],
  ] as const) {
    const wrong = await send([name, value], ['customer_id', 'unknown'], ['file', FILE]);
    assertProblem(wrong, 400, 'upload_option_invalid', new RegExp(name));
    const late = await send(['customer_id', 'unknown'], ['file', FILE], [name, value]);
    assertProblem(late, 400, 'upload_option_invalid', new RegExp(name));
  }
});

test('rejects a body that is not a form', async () => {
  const json = await call(event, { json: { customer_id: 1 } });
  assertProblem(json, 415, 'unsupported_media_type', /form/);
  const text = await call(event, { method: 'POST', body: TABLE, headers: { 'content-type': 'text/csv' } });
  assertProblem(text, 415, 'unsupported_media_type', /text\/csv/);
});

test('rejects a form that ends early', async () => {
  const body = '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\n1,2\n';
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  assertProblem(await call(event, { method: 'POST', body, headers }), 400, 'bad_request', /Malformed multipart form/);
});

test('rejects missing and unknown analyze types, and lists the valid ones', async () => {
  const analyzeUrl = `${thena.url}/api/v1/analyze/`;
  const missing = await call(analyzeUrl, { json: { customer_id: 'known' } });
  assertProblem(missing, 400, 'analyze_type_missing', /analyze_type/);
  const unknown = await analyze(thena.url, 'known', 31337);
  assertProblem(unknown, 422, 'analyze_type_unknown', /10000 \(time_difference\), 10001/);
  const both = await call(analyzeUrl, { json: { customer_id: 'known', analyze_type: 10000, analyzer_type: 10001 } });
  assertProblem(both, 400, 'bad_request', /Send one of them/);
});

test('rejects analyses with a missing, invalid or unknown customer', async () => {
  assertProblem(
    await call(`${thena.url}/api/v1/analyze/`, { json: { analyze_type: 10000 } }),
    400,
    'customer_id_missing',
    /\w/,
  );
  for (const id of ['a b', 1.5, -1, 2 ** 60])
    assertProblem(await analyze(thena.url, id, 10000), 400, 'customer_id_invalid', /\w/);
  assertProblem(await analyze(thena.url, 'absent', 10000), 404, 'customer_not_found', /'absent'/);
});

test('rejects JSON that is malformed, too large, or has unknown members', async () => {
  const analyzeUrl = `${thena.url}/api/v1/analyze/`;
  const headers = { 'content-type': 'application/json' };
  assertProblem(await call(analyzeUrl, { method: 'POST', body: '{"a":', headers }), 400, 'bad_request', /JSON/);
  assertProblem(await call(analyzeUrl, { method: 'POST', body: '', headers }), 400, 'bad_request', /\w/);
  const large = JSON.stringify({ customer_id: 'x'.repeat(300_000) });
  assertProblem(await call(analyzeUrl, { method: 'POST', body: large, headers }), 413, 'body_too_large', /\w/);
  const further = await call(`${thena.url}/api/v1/customers`, { json: { id: 1, colour: 'red' } });
  assertProblem(further, 400, 'bad_request', /colour/);
  const wrong = await call(`${thena.url}/api/v1/customers`, { json: { id: { a: 1 } } });
  assertProblem(wrong, 400, 'bad_request', /id/);
  assert.equal(wrong.body.errors[0].pointer, '/id');
  assertProblem(await call(analyzeUrl, { json: [1] }), 400, 'bad_request', /object/);
  assertProblem(await call(analyzeUrl, { json: { customer_id: { a: 1 } } }), 400, 'customer_id_invalid', /"a":1/);
});

test('distinguishes unknown paths from methods that a path does not support', async () => {
  assertProblem(await call(`${thena.url}/api/v1/nothing`), 404, 'not_found', /nothing/);
  assertProblem(await call(`${thena.url}/%E0%A4%A`), 400, 'bad_request', /\w/);
  const wrongMethod = await call(`${thena.url}/api/v1/customers/known/uploads`, { method: 'PATCH' });
  assertProblem(wrongMethod, 405, 'method_not_allowed', /PATCH/);
  assert.deepEqual(wrongMethod.headers.get('allow')?.split(', ').sort(), ['GET', 'HEAD', 'POST', 'PUT']);
});

test('reveals no file names or stack traces to clients', async () => {
  const reply = await call(`${thena.url}/api/v1/analyze/`, {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' },
  });
  assert.doesNotMatch(JSON.stringify(reply.body), /node_modules|\.ts:|at \w+ \(/);
});
