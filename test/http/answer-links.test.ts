import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { tableFromIPC } from 'apache-arrow';
import { call, type RunningThena, startThena, upload } from '../server.ts';
import { parquetRows } from './parquet-rows.ts';
import { type RawReply, rawRequest } from './raw-request.ts';

const CSV = `at,city,amount,n,ok
2024-03-30 12:00:00,Berlin,1.5,9007199254740993,true
2024-03-31 12:00:00,"Paris, FR",-2,1,false
2024-03-31 13:00:00,=cmd,10,2,
2024-04-01 00:00:00,,0.1,9223372036854775807,true
`;

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  assert.equal((await upload(thena.url, 'acme', CSV)).body.status, 'complete');
});
after(() => thena.close());

const link = (path: string) => `${thena.url}/api/v1/customers/acme/${path}`;
const get = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<RawReply> =>
  rawRequest(link(path), { headers, method });
const query = (parameters: string | Record<string, string>, format = 'json') =>
  get(`query.${format}?${new URLSearchParams(parameters)}`);

describe('a link to a query', () => {
  const QUERY = { measures: [{ fn: 'count' }, { fn: 'sum', column: 'n' }], group_by: ['city'] };
  const PLAIN = 'measures=count,sum:n&group_by=city';

  test('has the same result as the request with this query', async () => {
    const { body: sent } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'acme', query: QUERY } });
    assert.equal(sent.result.rows.length, 4);
    assert.deepEqual((await query(PLAIN)).body, sent);
    assert.deepEqual((await query({ q: JSON.stringify(QUERY) })).body, sent);
  });

  test('is CSV with exact values, in which null differs from empty text', async () => {
    const { headers, body } = await query(PLAIN, 'csv');
    assert.equal(headers['content-type'], 'text/csv; charset=utf-8; header=present');
    assert.equal(headers['content-disposition'], 'attachment; filename="thena-acme-query.csv"');
    const lines = ['=cmd,1,2', 'Berlin,1,9007199254740993', '"Paris, FR",1,1', ',1,9223372036854775807'];
    assert.equal(body, `city,count,sum_n\n${lines.join('\n')}\n`);
    const escaped = await query(`${PLAIN}&escape_formulas=true`, 'csv');
    assert.match(escaped.body, /^'=cmd,1,2$/m);
    assert.equal((await query(`${PLAIN}&escape_formulas=true`)).body.code, 'bad_request');
  });

  test('is NDJSON', async () => {
    const { body } = await query(`${PLAIN}&where=amount>1&time_zone=Europe/Berlin&group_by=at:day:as:day`, 'ndjson');
    assert.deepEqual(
      body
        .trim()
        .split('\n')
        .map((line: string) => JSON.parse(line)),
      [
        { city: '=cmd', day: '2024-03-31T00:00:00+01:00', count: 1, sum_n: 2 },
        { city: 'Berlin', day: '2024-03-30T00:00:00+01:00', count: 1, sum_n: '9007199254740993' },
      ],
    );
  });

  const TYPED =
    'measures=max:at:as:latest,sum:n:as:total,avg:amount,max:ok&group_by=city,at:day:as:day&order_by=total,day';

  test('is Parquet with typed columns', async () => {
    const { headers, bytes } = await query(`${TYPED}&where=city is not null`, 'parquet');
    assert.equal(headers['content-type'], 'application/vnd.apache.parquet');
    const { types, rows } = await parquetRows(bytes);
    assert.deepEqual(types, {
      city: 'VARCHAR',
      day: 'TIMESTAMP WITH TIME ZONE',
      latest: 'TIMESTAMP WITH TIME ZONE',
      total: 'BIGINT',
      avg_amount: 'DOUBLE',
      max_ok: 'BOOLEAN',
    });
    assert.deepEqual(rows[0], {
      city: 'Paris, FR',
      day: '2024-03-31 00:00:00+00',
      latest: '2024-03-31 12:00:00+00',
      total: '1',
      avg_amount: -2,
      max_ok: false,
    });
    assert.equal(rows.at(-1)?.total, '9007199254740993');
  });

  test('is Arrow with typed columns', async () => {
    const { bytes } = await query(TYPED, 'arrow');
    const table = tableFromIPC(bytes);
    assert.deepEqual(
      table.schema.fields.map(({ name, type }) => `${name} ${type}`),
      [
        'city Utf8',
        'day Timestamp<MICROSECOND, UTC>',
        'latest Timestamp<MICROSECOND, UTC>',
        'total Int64',
        'avg_amount Float64',
        'max_ok Bool',
      ],
    );
    assert.deepEqual([...(table.getChild('total') ?? [])], [1n, 2n, 9007199254740993n, 9223372036854775807n]);
    assert.equal(table.getChild('city')?.get(3), null);
  });

  test('keeps sums beyond 64 bits exact in every format', async () => {
    const sum = 'measures=sum:n';
    assert.equal((await query(sum, 'csv')).body, 'sum_n\n9232379236109516803\n');
    const arrow = tableFromIPC((await query(sum, 'arrow')).bytes);
    assert.equal(String(arrow.schema.fields[0]?.type), 'Decimal[38e0]');
    assert.equal(new BigUint64Array(Uint32Array.from(arrow.getChild('sum_n')?.get(0)).buffer)[0], 9232379236109516803n);
    const parquet = await parquetRows((await query(sum, 'parquet')).bytes);
    assert.deepEqual(parquet, { types: { sum_n: 'DECIMAL(38,0)' }, rows: [{ sum_n: '9232379236109516803' }] });
  });

  test('is refused as a request would be, by a problem that does not look like a file', async () => {
    const refused = await query('measures=avg:amuont', 'csv');
    assert.deepEqual([refused.status, refused.body.code, refused.body.nearest], [422, 'column_not_found', 'amount']);
    assert.equal(refused.headers['content-disposition'], undefined);
    assert.equal(refused.headers['cache-control'], 'no-store');
    assert.equal((await query(PLAIN, 'xlsx')).body.code, 'bad_request');
    assert.equal((await query(`${PLAIN}&colour=red`)).body.code, 'bad_request');
    assert.equal((await query({ q: '{' })).body.code, 'query_invalid');
    assert.equal((await query({ q: '{}', limit: '1' })).body.code, 'query_invalid');
    assert.equal((await rawRequest(`${thena.url}/api/v1/customers/none/query.csv?measures=count`)).status, 404);
    const posted = await rawRequest(link('query.csv'), { method: 'POST' });
    assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
  });
});

describe('a link to an analysis', () => {
  const types = [
    'time_difference',
    'total_rows',
    'time_span',
    'profile',
    'rows_over_time',
    'top_values&column=city&limit=2',
  ];
  for (const type of types) {
    test(`has the result of ${type} in every format`, async () => {
      const { body } = await get(`analysis.json?analyze_type=${type}`);
      const [analyze_type, ...rest] = type.split('&');
      const parameters = Object.fromEntries(rest.map((each) => each.split('=')));
      if (parameters.limit) parameters.limit = Number(parameters.limit);
      const json = { customer_id: 'acme', analyze_type, ...parameters };
      assert.deepEqual(body, (await call(`${thena.url}/api/v1/analyze/`, { json })).body);
      const csv = (await get(`analysis.csv?analyze_type=${type}`)).body.trim().split('\n');
      const lines = (await get(`analysis.ndjson?analyze_type=${type}`)).body.trim().split('\n').map(JSON.parse);
      const parquet = await parquetRows((await get(`analysis.parquet?analyze_type=${type}`)).bytes);
      const arrow = tableFromIPC((await get(`analysis.arrow?analyze_type=${type}`)).bytes);
      assert.deepEqual([csv.length - 1, parquet.rows.length, arrow.numRows], Array(3).fill(lines.length));
      assert.deepEqual(Object.keys(parquet.types), csv[0].split(','));
    });
  }

  test('accepts the number of a type, and refuses what the type does not have', async () => {
    assert.equal((await get('analysis.csv?analyze_type=10001')).body, 'total_rows\n4\n');
    assert.equal((await get('analysis.csv?analyze_type=1')).body.code, 'analyze_type_unknown');
    assert.equal((await get('analysis.csv?analyze_type=total_rows&column=n')).body.code, 'query_invalid');
    assert.equal((await get('analysis.csv')).body.code, 'bad_request');
  });
});

describe('what a link leads to', () => {
  const PARQUET = 'query.parquet?measures=count,sum:amount&group_by=city';

  test('is sent in ranges, which are parts of the same bytes', async () => {
    const whole = await get(PARQUET);
    const { etag = '', 'content-length': length } = whole.headers;
    assert.equal(Number(length), whole.bytes.length);
    assert.match(etag, /^"[\w-]{22}\.[\w-]{22}"$/);
    assert.equal(whole.headers['accept-ranges'], 'bytes');
    const total = whole.bytes.length;
    const ranges: [string, number, number][] = [
      ['bytes=0-3', 0, 4],
      ['bytes=4-', 4, total],
      ['bytes=-8', total - 8, total],
      [`bytes=0-${total * 2}`, 0, total],
      [`bytes=-${total * 2}`, 0, total],
    ];
    for (const [range, start, end] of ranges) {
      const part = await get(PARQUET, { range });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers['content-range'], `bytes ${start}-${end - 1}/${total}`);
      assert.equal(part.headers.etag, etag);
      assert.deepEqual(part.bytes, whole.bytes.subarray(start, end), range);
    }
    for (const range of [`bytes=${total}-`, 'bytes=-0']) {
      const refused = await get(PARQUET, { range });
      assert.deepEqual(
        [refused.status, refused.headers['content-range'], refused.body.code],
        [416, `bytes */${total}`, 'range_not_satisfiable'],
      );
    }
    for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=5-2', 'bytes=-', 'bytes=a-b']) {
      assert.deepEqual([(await get(PARQUET, { range })).status, range], [200, range]);
    }
    const modified = whole.headers['last-modified'] ?? '';
    const ifRange = async (value: string) => (await get(PARQUET, { range: 'bytes=0-3', 'if-range': value })).status;
    assert.deepEqual(
      [
        await ifRange(etag),
        await ifRange('"other"'),
        await ifRange(`W/${etag}`),
        await ifRange('Thu, 01 Jan 1970 00:00:00 GMT'),
      ],
      [206, 200, 200, 200],
    );
    if (modified) assert.equal(await ifRange(modified), 206);
  });

  test('has the same headers for HEAD, without a body', async () => {
    for (const path of [PARQUET, 'query.csv?measures=count', 'analysis.json?analyze_type=total_rows']) {
      const got = await get(path);
      const head = await get(path, { range: 'bytes=0-1' }, 'HEAD');
      const { date: _, 'x-request-id': __, ...headers } = got.headers;
      const { date: ___, 'x-request-id': ____, ...headHeaders } = head.headers;
      assert.deepEqual([head.status, head.bytes.length, headHeaders], [200, 0, headers], path);
    }
  });

  test('is not sent again until the table changes', async () => {
    const thena = await startThena();
    await upload(thena.url, 'acme', CSV);
    const url = `${thena.url}/api/v1/customers/acme/query.csv?measures=count`;
    const now = (headers: Record<string, string> = {}) => rawRequest(url, { headers });
    await sleep(1_100);
    const first = await now();
    const { etag = '', 'last-modified': modified = '' } = first.headers;
    assert.equal(first.headers['cache-control'], 'private, no-cache');
    assert.equal(first.headers.vary, 'Authorization, Cookie');
    assert.ok(Math.abs(Date.parse(modified) - Date.now()) < 60_000);
    for (const headers of [
      { 'if-none-match': etag },
      { 'if-none-match': `"x", W/${etag}` },
      { 'if-none-match': '*' },
      { 'if-modified-since': modified },
    ] as Record<string, string>[]) {
      const held = await now(headers);
      assert.deepEqual([held.status, held.bytes.length], [304, 0], JSON.stringify(headers));
      if (headers['if-none-match']?.includes(etag)) assert.equal(held.headers.etag, etag);
    }
    assert.equal((await now({ 'if-none-match': '"x"', 'if-modified-since': modified })).status, 200);
    assert.equal((await now({ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' })).status, 200);
    // Another format, and another query.
    const other = await rawRequest(`${url}&group_by=city`, { headers: { 'if-none-match': etag } });
    assert.equal(other.status, 200);

    const second = await upload(thena.url, 'acme', CSV);
    const changed = await now({ 'if-none-match': etag, 'if-modified-since': modified });
    assert.deepEqual([changed.status, changed.body], [200, 'count\n8\n']);
    assert.equal((await now({ 'if-modified-since': modified })).status, 200);
    await call(`${thena.url}/api/v1/uploads/${second.body.id}`, { method: 'DELETE' });
    const undone = await now({ 'if-none-match': changed.headers.etag ?? '' });
    assert.deepEqual([undone.status, undone.body], [200, 'count\n4\n']);
    await thena.close();
  });

  test('asks a browser for a password only if someone follows the link', async () => {
    const keyed = await startThena({ THENA_ADMIN_KEY: 'an-admin-key-for-tests-only' });
    const asked = async (headers: Record<string, string>, path = 'query.csv?measures=count') =>
      String((await rawRequest(`${keyed.url}/api/v1/customers/acme/${path}`, { headers })).headers['www-authenticate']);
    assert.match(await asked({}), /Basic realm="thena", charset="UTF-8"/);
    assert.match(await asked({ 'sec-fetch-mode': 'navigate' }), /Basic/);
    assert.doesNotMatch(await asked({ 'sec-fetch-mode': 'cors' }), /Basic/);
    assert.doesNotMatch(await asked({}, 'table'), /Basic/);
    await keyed.close();
  });

  test('is a Parquet file that DuckDB reads, and an order that 300,000 rows keep', async () => {
    const big = await startThena({ THENA_MAX_RESULT_ROWS: '400000' });
    const rows = Array.from({ length: 300_000 }, (_, index) => `${index},${index % 7}`);
    await upload(big.url, 'big', `n,m\n${rows.join('\n')}\n`);
    const { bytes } = await rawRequest(
      `${big.url}/api/v1/customers/big/query.parquet?group_by=n&measures=sum:m&order_by=-n`,
    );
    const read = await parquetRows(bytes);
    assert.equal(read.rows.length, 300_000);
    assert.ok(read.rows.every(({ n }, index) => Number(n) === 299_999 - index));
    await big.close();
  });
});
