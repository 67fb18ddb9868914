import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { processorMs } from '../processor-time.ts';
import { type RunningThena, startThena, upload } from '../server.ts';
import { rawRequest } from './raw-request.ts';

/** As many as Node accepts in all headers of a request, almost. */
const SPACES = ' '.repeat(7_500);

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  assert.equal((await upload(thena.url, 'acme', 'at,amount\n2024-01-01,1\n')).body.status, 'complete');
});
after(() => thena.close());

for (const [path, headers] of [
  ['/api/v1/customers/acme/query.csv?measures=count', { range: `bytes=${SPACES}-${SPACES}x` }],
  ['/api/v1/customers/acme/query.csv?measures=count', { 'if-none-match': `"${SPACES}${SPACES}` }],
  ['/api/v1/customers/acme', { cookie: `thena_session=${SPACES};${SPACES}x` }],
  ['/api/v1/customers/acme', { authorization: `Basic ${SPACES}a${SPACES}!` }],
  ['/', { 'accept-encoding': `br${SPACES}${SPACES}x` }],
  ['/', { 'accept-encoding': `${',br;q=0.'.repeat(1_800)}x` }],
] as const) {
  test(`reads a header ${Object.keys(headers)} of 15 kB in no time`, async () => {
    const tookMs = await processorMs(async () => {
      assert.equal((await rawRequest(thena.url + path, { headers })).status, 200);
    });
    assert.ok(tookMs < 200, `${tookMs} ms`);
  });
}

test('should 431 a URL that is too long, and say so', async () => {
  const columns = Array.from({ length: 1_000 }, (_, index) => `columns=a_column_${index}`).join('&');
  const { status, body } = await rawRequest(`${thena.url}/api/v1/customers/acme/table/rows?${columns}`);
  assert.deepEqual([status, body.code], [431, 'bad_request']);
  assert.match(body.detail, /^The URL and the headers of the request have more than 16,384 bytes\.$/);
  assert.match(body.hint, /fewer columns/);
});
