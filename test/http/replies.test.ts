import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { formOf, type RunningThena, startThena, WAIT } from '../server.ts';
import { DocumentedApi } from './documented-api.ts';
import { metadataOf, TUS } from './tus-requests.ts';

const CSV = 'day,amount\n2024-01-02,1\n2024-01-01,2\n';
const BAD_CSV = 'day,amount\nnever,1\n2024-01-03,3\n';

let thena: RunningThena;
let api: DocumentedApi;
before(async () => {
  thena = await startThena();
  api = await DocumentedApi.of(thena.url);
});
after(() => thena.close());

function uploadForm(customer: string, csv: string, headers: Readonly<Record<string, string>> = {}) {
  const body = formOf(['file', Buffer.from(csv)], ['customer_id', customer]);
  return api.call('/api/v1/event/', { method: 'POST', body, headers });
}

test('uploads match the OpenAPI document, whatever becomes of them', async () => {
  assert.equal((await uploadForm('a', CSV)).status, 202);
  const complete = await uploadForm('a', CSV, WAIT);
  assert.equal(complete.body.status, 'complete');
  assert.equal((await uploadForm('a', 'other\n1\n')).body.code, 'columns_differ');
  const failed = await uploadForm('a', BAD_CSV, WAIT);
  assert.equal(failed.body.status, 'failed');

  const uploads = '/api/v1/customers/a/uploads';
  for (const method of ['PUT', 'POST']) {
    const sent = await api.call(`${uploads}?dry_run=true&filename=b.csv`, { method, body: CSV, headers: WAIT });
    assert.equal(sent.body.options.dry_run, true);
    assert.equal(
      (await api.call(`${uploads}?on_error=stop`, { method, body: CSV })).body.code,
      'upload_option_invalid',
    );
    assert.equal((await api.call(`${uploads}?on_eror=skip`, { method, body: CSV })).body.code, 'bad_request');
  }
  assert.equal((await api.call(uploads)).body.items.length, 5);
  assert.equal((await api.call(`${uploads}?limit=0`)).body.code, 'bad_request');

  const one = `/api/v1/uploads/${failed.body.id}`;
  assert.equal((await api.call(one)).status, 200);
  assert.match((await api.call(`${one}/events`)).body, /^event: end\n/);
  assert.equal((await api.call(`${one}/rejects?limit=1`)).body.items.length, 1);
  assert.match((await api.call(`${one}/rejects.csv`)).body, /never/);
  const retried = await api.call(`${one}/retry?on_error=skip`, { method: 'POST', headers: WAIT });
  assert.deepEqual([retried.body.retry_of, retried.body.receipt.rejected], [failed.body.id, 1]);
  const undone = await api.call(`/api/v1/uploads/${complete.body.id}`, { method: 'DELETE' });
  assert.equal(undone.body.status, 'undone');
  assert.equal((await api.call('/api/v1/uploads/none')).body.code, 'upload_not_found');
  assert.equal((await api.call(`/api/v1/uploads/${complete.body.id}/rejects`)).body.code, 'rejects_not_found');
});

test('previews match the OpenAPI document, with questions, guesses and rows that do not fit', async () => {
  const preview = (customer: string, csv: string, query = ''): ReturnType<DocumentedApi['call']> =>
    api.call(`/api/v1/customers/${customer}/preview${query}`, { method: 'POST', body: csv });
  const asked = await preview('previewed', 'day;amount\n01/02/2024;1.250\n02/02/2024;-\n');
  assert.deepEqual(
    asked.body.questions.map(({ column }: { readonly column: string }) => column),
    ['day', 'amount'],
  );
  const settled = await preview('previewed', '1,caf\xe9,2024-01-02 10:00\n', '?complete=false&filename=a.csv');
  assert.equal(settled.body.questions.length, 0);
  assert.ok(settled.body.guesses.length > 0);
  await uploadForm('previewed', CSV, WAIT);
  const misfit = await preview('previewed', BAD_CSV);
  assert.equal(misfit.body.rejected.length, 1);
  assert.deepEqual((await preview('previewed', 'day,other\n2024-01-02,1\n')).body.table.extra, ['other']);
  assert.equal((await preview('previewed', '')).body.code, 'file_empty');
});

test('resumable uploads match the OpenAPI document', async () => {
  const begin = (length: number) =>
    api.call('/api/v1/tus', {
      method: 'POST',
      headers: { ...TUS, 'upload-length': String(length), 'upload-metadata': metadataOf({ customer_id: 't' }) },
    });
  const path = (await begin(CSV.length)).headers.get('location') ?? '';
  const type = { 'content-type': 'application/offset+octet-stream' };
  const append = (offset: string) =>
    api.call(path, { method: 'PATCH', body: CSV, headers: { ...TUS, ...type, 'upload-offset': offset } });
  assert.equal((await append('7')).body.code, 'upload_offset_conflict');
  assert.equal((await append('x')).body.code, 'tus_request_invalid');
  assert.equal((await append('0')).status, 204);
  assert.equal((await api.call(path, { method: 'HEAD', headers: TUS })).headers.get('upload-offset'), `${CSV.length}`);
  const given = (await begin(1000)).headers.get('location') ?? '';
  assert.equal((await api.call(given, { method: 'DELETE', headers: TUS })).status, 204);
  assert.equal((await api.call('/api/v1/tus', { method: 'POST' })).body.code, 'tus_version_unsupported');
  assert.equal((await begin(0)).body.code, 'file_empty');
});

test('customers, keys and tables match the OpenAPI document', async () => {
  const columns = [
    { name: 'at', type: 'timestamp' },
    { name: 'day', type: 'date', format: '%d/%m/%Y' },
  ];
  const json = { customer_id: 'declared', time_column: 'at', columns };
  assert.equal((await api.call('/api/v1/customers', { json })).status, 201);
  assert.equal((await api.call('/api/v1/customers', { json })).body.code, 'customer_exists');
  assert.equal((await api.call('/api/v1/customers', { json: {} })).body.code, 'customer_id_missing');
  assert.equal((await api.call('/api/v1/customers', { json: { customer_id: 1, name: 'a' } })).body.code, 'bad_request');
  assert.equal((await api.call('/api/v1/customers/declared')).body.table, null);
  assert.equal((await api.call('/api/v1/customers/declared/table')).body.code, 'table_empty');

  const key = await api.call('/api/v1/customers/declared/keys', { json: { label: 'dashboard', rights: ['read'] } });
  assert.equal((await api.call('/api/v1/customers/declared/keys')).body.items.length, 2);
  const revoke = () => api.call(`/api/v1/customers/declared/keys/${key.body.id}`, { method: 'DELETE' });
  assert.equal((await revoke()).status, 204);
  assert.equal((await revoke()).body.code, 'key_not_found');

  await uploadForm('table', CSV, WAIT);
  assert.equal((await api.call('/api/v1/customers?limit=1')).body.items.length, 1);
  const table = '/api/v1/customers/table/table';
  assert.equal((await api.call(table)).body.rows, 2);
  assert.equal((await api.call(`${table}/rows?limit=1&columns=day`)).body.rows.length, 1);
  assert.equal((await api.call(`${table}/rows?columns=dya`)).body.code, 'column_not_found');
  assert.equal((await api.call(`${table}/rows?offset=1`)).body.offset, 1);
  for (const format of ['csv', 'ndjson', 'parquet', 'arrow']) {
    assert.equal((await api.call(`${table}/export?format=${format}`)).status, 200, format);
  }
  assert.equal((await api.call(`${table}/export?format=xlsx`)).body.code, 'bad_request');
  assert.equal((await api.call('/api/v1/customers/table', { method: 'DELETE' })).status, 204);
  assert.equal((await api.call('/api/v1/customers/table')).body.code, 'customer_not_found');
});

test('every analysis matches the OpenAPI document', async () => {
  await uploadForm('answers', CSV, WAIT);
  const { items } = (await api.call('/api/v1/analyze/types')).body;
  const running = '/api/v1/customers/answers/analyses';
  assert.deepEqual((await api.call(running)).body.items, []);
  assert.equal((await api.call(`${running}/x`)).body.code, 'analysis_not_found');
  assert.equal((await api.call(`${running}/x`, { method: 'DELETE' })).body.code, 'analysis_not_found');
  const analyze = (request: object) => api.call('/api/v1/analyze/', { json: { customer_id: 'answers', ...request } });
  for (const { number, name } of items) {
    const parameters = name === 'top_values' ? { column: 'amount' } : {};
    for (const analyze_type of [number, name]) {
      assert.equal((await analyze({ analyze_type, ...parameters })).body.name, name);
    }
  }
  const query = {
    measures: [{ fn: 'count' }, { fn: 'quantile', column: 'amount', q: 0.5, as: 'middle' }],
    group_by: [{ column: 'day', bucket: 'month' }],
    where: {
      or: [
        {
          and: [
            { column: 'amount', op: 'between', value: [0, 10] },
            { column: 'amount', op: 'in', value: [1, 2] },
          ],
        },
        { not: { column: 'day', op: 'is null' } },
      ],
    },
    having: { column: 'count', op: '>', value: 0 },
    order_by: ['day', { column: 'count', direction: 'desc', nulls: 'first' }],
    limit: 10,
  };
  assert.equal((await analyze({ query })).body.name, 'query');
  const numbers = [
    { column: 'amount', bucket: 1 },
    { column: 'amount', buckets: 2, as: 'part' },
  ];
  assert.equal((await analyze({ query: { group_by: numbers } })).body.name, 'query');
  assert.equal((await analyze({ query: {} })).body.code, 'query_invalid');
  assert.equal((await analyze({ analyze_type: 1 })).body.code, 'analyze_type_unknown');
  assert.equal((await analyze({})).body.code, 'analyze_type_missing');
});

test('the events of a customer match the OpenAPI document', async () => {
  await uploadForm('events', CSV, WAIT);
  const path = '/api/v1/customers/events/events';
  const stop = new AbortController();
  const { status, headers, body } = await fetch(`${thena.url}${path}`, { signal: stop.signal });
  const sent = await uploadForm('events', 'day,amount\n2024-02-01,7\n');
  let text = '';
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.includes(sent.body.id) && text.includes('"rows":3')) break;
  }
  stop.abort();
  api.check('GET', path, undefined, { status, headers, body: text });
});

test('links match the OpenAPI document', async () => {
  await uploadForm('links', CSV, WAIT);
  const links = '/api/v1/customers/links';
  for (const format of ['json', 'csv', 'ndjson', 'parquet', 'arrow']) {
    const query = `${links}/query.${format}?measures=count,avg:amount:as:mean&group_by=day:month`;
    const { status, headers } = await api.call(query);
    assert.equal(status, 200, format);
    assert.equal((await api.call(query, { headers: { 'if-none-match': headers.get('etag') ?? '' } })).status, 304);
    assert.equal((await api.call(query, { headers: { range: 'bytes=9999999-' } })).status, 416);
    assert.equal((await api.call(`${links}/analysis.${format}?analyze_type=profile`)).status, 200);
    if (format !== 'json') assert.equal((await api.call(`${links}/export.${format}`)).status, 200);
  }
  const part = await api.call(`${links}/export.parquet`, { headers: { range: 'bytes=0-3' } });
  assert.deepEqual([part.status, part.body], [206, 'PAR1']);
  assert.equal((await api.call(`${links}/export?format=csv&where=amount>1`)).body, 'day,amount\n2024-01-01,2\n');
  assert.equal((await api.call(`${links}/query.csv?measures=mode:amount`)).body.code, 'query_invalid');
});

test('sessions match the OpenAPI document', async () => {
  assert.equal((await api.call('/api/v1/session', { json: { key: 'any' } })).body.role, 'open');
  assert.equal((await api.call('/api/v1/session', { json: {} })).body.code, 'bad_request');
  assert.equal((await api.call('/api/v1/session')).body.expires_at, null);
  assert.equal((await api.call('/api/v1/session', { method: 'DELETE' })).status, 204);
});

test('webhooks match the OpenAPI document', async () => {
  await api.call('/api/v1/customers', { json: { customer_id: 'hooks' } });
  const webhooks = '/api/v1/customers/hooks/webhooks';
  // Nothing is sent there: the only event is the test below, and that has another URL.
  const json = { url: 'https://8.8.8.8/thena', events: ['upload.complete'], description: null };
  const { status, body } = await api.call(webhooks, { json });
  assert.equal(status, 201);
  assert.equal((await api.call(webhooks, { json: { ...json, url: 'a' } })).body.code, 'webhook_url_invalid');
  const local = { ...json, url: 'http://127.0.0.1:9/' };
  assert.equal((await api.call(webhooks, { json: local })).body.code, 'webhook_address_refused');
  assert.equal((await api.call(webhooks)).body.items.length, 1);
  const one = `${webhooks}/${body.id}`;
  assert.equal((await api.call(one)).body.secret, undefined);
  const change = (changes: object) => api.call(one, { json: changes, method: 'PATCH' });
  assert.equal((await change({ enabled: false, url: 'https://192.0.2.1' })).body.code, 'webhook_address_refused');
  assert.equal((await change({ enabled: false, url: 'https://no-such-name.invalid' })).status, 200);
  const sent = await api.call(`${one}/test`, { method: 'POST' });
  assert.deepEqual([sent.status, sent.body.status, sent.body.attempts.length], [200, 'failed', 1]);
  assert.equal((await api.call(`${one}/deliveries?limit=1`)).body.items.length, 1);
  assert.equal((await api.call(one, { method: 'DELETE' })).status, 204);
  assert.equal((await api.call(`${one}/deliveries`)).body.code, 'webhook_not_found');
});

test('health, readiness, metrics and diagnostics match the OpenAPI document', async () => {
  for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/diagnostics'])
    assert.equal((await api.call(path)).status, 200, path);
});

test('the tests above call every operation of the OpenAPI document', () => {
  assert.deepEqual(api.notCalled(), []);
});
