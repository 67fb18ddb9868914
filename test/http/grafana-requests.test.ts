/**
 * Requests as the backend of Grafana's Infinity data source sends them (pkg/infinity of grafana-infinity-datasource 3): it parses the
 * address, sorts the parameters and encodes them as forms do, and sets these headers.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, type RunningThena, startThena, upload } from '../server.ts';
import { rawRequest } from './raw-request.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';

let thena: RunningThena;
let key: string;
before(async () => {
  thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
  const admin = { authorization: `Bearer ${ADMIN_KEY}` };
  const { body } = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: '1000' }, headers: admin });
  key = body.api_key.key;
  await upload(
    thena.url,
    '1000',
    'at,amount\n2024-03-01 09:10:00,1\n2024-03-01 10:20:00,2\n2024-03-02 10:00:00,4\n',
    admin,
  );
});
after(() => thena.close());

function infinity(address: string, accept: string) {
  const url = new URL(address);
  url.searchParams.sort();
  return rawRequest(url.href, {
    headers: {
      'user-agent': 'Go-http-client/1.1',
      accept,
      'accept-encoding': 'gzip',
      authorization: `Bearer ${key}`,
    },
  });
}

const QUERY = 'measures=count,sum:amount&group_by=at:hour&order_by=at';
/** `${__from:date:iso}` and `${__to:date:iso}` of a dashboard. */
const RANGE = 'where=at between 2024-03-01T00:00:00.000Z,2024-03-01T23:59:59.999Z';

test('Grafana reads the time range of a dashboard as CSV', async () => {
  const link = `${thena.url}/api/v1/customers/1000/query.csv?${QUERY}&${RANGE}`;
  const { status, headers, body } = await infinity(link, 'text/csv; charset=utf-8');
  assert.equal(status, 200, body);
  assert.match(headers['content-type'] ?? '', /^text\/csv/);
  assert.equal(headers['content-encoding'], undefined);
  assert.equal(body, 'at,count,sum_amount\n2024-03-01T09:00:00Z,1,1\n2024-03-01T10:00:00Z,1,2\n');
});

test('Grafana reads a query in JSON as JSON', async () => {
  const q = { measures: [{ fn: 'count' }], group_by: [{ column: 'at', bucket: 'day' }] };
  const link = `${thena.url}/api/v1/customers/1000/query.json?q=${encodeURIComponent(JSON.stringify(q))}`;
  const { status, body } = await infinity(link, 'application/json;q=0.9,text/plain');
  assert.equal(status, 200);
  assert.deepEqual(body.result.rows, [
    ['2024-03-01T00:00:00Z', 2],
    ['2024-03-02T00:00:00Z', 1],
  ]);
});
