import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, put as putFile, type Reply, type RunningThena, startThena, totalRows, upload, WAIT } from '../server.ts';
import { spooledUploads } from '../spooled-uploads.ts';
import { until } from '../until.ts';
import { BAD, CSV, LATER } from './small-files.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const get = (path: string): Promise<Reply> => call(`${thena.url}/api/v1${path}`);
const rowsOf = (customer: string) => totalRows(thena.url, customer);
const put = (customer: string, csv: string | Uint8Array, query = '', headers: Record<string, string> = {}) =>
  putFile(thena.url, customer, csv, { ...WAIT, ...headers }, query);
const isSpooled = (id: string): boolean => spooledUploads(thena.dataDir).includes(id);

describe('an idempotency key', () => {
  it('returns the same upload for the same file, and rejects another file', async () => {
    const key = { 'idempotency-key': '"one-of-mine"' };
    const first = await put('idem', CSV, '', key);
    assert.equal(first.body.idempotency_key, 'one-of-mine');
    const again = await put('idem', CSV, '', key);
    assert.deepEqual([again.status, again.body.id], [200, first.body.id]);
    assert.equal(await rowsOf('idem'), 2);
    const other = await put('idem', LATER, '', key);
    assert.deepEqual([other.status, other.body.code], [422, 'idempotency_key_reused']);
    const changed = await put('idem', CSV, '?on_error=skip', key);
    assert.deepEqual([changed.status, changed.body.code], [422, 'idempotency_key_reused']);
    assert.equal((await put('idem2', CSV, '', key)).body.status, 'complete', 'keys are separate for each customer');
    assert.equal((await put('idem', CSV, '', { 'idempotency-key': 'a b' })).body.code, 'idempotency_key_invalid');
    assert.equal(await rowsOf('idem'), 2);
  });

  it('appends a file once if it is sent many times at the same time', async () => {
    const key = { 'idempotency-key': 'at-once' };
    const replies = await Promise.all(Array.from({ length: 8 }, () => put('race', CSV, '', key)));
    assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
    assert.equal(await rowsOf('race'), 2);
    await until(() => readdirSync(join(thena.dataDir, 'spool')).length === 0);
  });
});

describe('a duplicate', () => {
  it('is appended with a warning that names the earlier upload, or rejected on request', async () => {
    const first = await put('twice', CSV);
    const second = await put('twice', CSV);
    assert.equal(second.body.duplicate_of.id, first.body.id);
    assert.match(second.body.receipt.warnings.join(), new RegExp(first.body.id));
    const refused = await put('twice', CSV, '?duplicates=reject');
    assert.deepEqual([refused.status, refused.body.code], [409, 'duplicate_upload']);
    assert.equal(refused.body.upload_id, second.body.id);
    assert.equal(await rowsOf('twice'), 4);
  });
});

describe('retry', () => {
  it('changes the given options for values, and keeps the others', async () => {
    await put('values', CSV);
    const failed = await put('values', BAD, '?decimal=.&nulls=NA&time_zone=UTC');
    const again = (query: string) =>
      call(`${thena.url}/api/v1/uploads/${failed.body.id}/retry?${query}`, { method: 'POST', headers: WAIT });
    const refused = await again('thousands=.');
    assert.deepEqual([refused.status, refused.body.code], [400, 'upload_option_invalid']);
    const { body } = await again('on_error=skip&thousands=space&nulls=');
    assert.equal(body.status, 'complete', JSON.stringify(body));
    const { decimal, thousands, nulls, time_zone, date_order } = body.options;
    assert.deepEqual([decimal, thousands, nulls, time_zone, date_order], ['.', ' ', [], 'UTC', null]);
  });

  it('repeats the warning that the header may be a row of data', async () => {
    const failed = await put('headerless', 'Rome,Italy\nParis\nOslo,Norway\n');
    assert.equal(failed.body.error?.code, 'rows_rejected');
    const again = await call(`${thena.url}/api/v1/uploads/${failed.body.id}/retry?on_error=skip`, {
      method: 'POST',
      headers: { prefer: 'wait=60' },
    });
    assert.match(again.body.receipt.warnings[0], /header=false/);
  });

  it('loads the kept bytes with other options', async () => {
    await put('retry', CSV);
    const failed = await put('retry', BAD.replaceAll('\n', '\r\n'));
    assert.ok(failed.body.retry_until);
    const path = `${thena.url}/api/v1/uploads/${failed.body.id}/retry`;
    const headers = { prefer: 'wait=60' };
    assert.equal((await call(`${path}?encoding=latin1`, { method: 'POST' })).body.code, 'upload_option_invalid');
    const inBody = await call(path, { json: { on_error: 'skip' }, headers });
    assert.deepEqual([inBody.status, inBody.body.code], [400, 'bad_request'], 'options in a body would be ignored');
    const again = await call(`${path}?on_error=skip`, { method: 'POST', headers });
    assert.equal(again.body.status, 'complete', JSON.stringify(again.body));
    assert.deepEqual([again.body.retry_of, again.body.sha256], [failed.body.id, failed.body.sha256]);
    assert.deepEqual([again.body.receipt.appended, again.body.receipt.rejected], [1, 2]);
    assert.equal((await get(`/uploads/${again.body.id}/rejects`)).body.items[0].line, 3);
    assert.equal(await rowsOf('retry'), 3);
    assert.equal((await call(path, { method: 'POST' })).body.code, 'upload_not_retryable');
    assert.equal(isSpooled(failed.body.id), false);
  });
});

describe('two retries of an upload at the same time', () => {
  it('are one retry', async () => {
    for (let round = 0; round < 10; round++) {
      const customer = `both-${round}`;
      await put(customer, CSV);
      const failed = await put(customer, BAD);
      const again = () =>
        call(`${thena.url}/api/v1/uploads/${failed.body.id}/retry?on_error=skip`, { method: 'POST', headers: WAIT });
      const replies = await Promise.all([again(), again(), again()]);
      const answers = replies.map(({ body }) => (body.status === 'complete' ? body.status : body.code)).toSorted();
      assert.deepEqual(answers, ['complete', 'upload_not_retryable', 'upload_not_retryable'], JSON.stringify(replies));
      assert.equal(await rowsOf(customer), 3);
    }
  });
});

describe('the bytes of a failed upload', () => {
  it('are kept for THENA_RETRY_SECONDS, then removed', async () => {
    const brief = await startThena({ THENA_RETRY_SECONDS: '1' });
    try {
      const good = await upload(brief.url, 'brief', CSV);
      const failed = await upload(brief.url, 'brief', BAD);
      const isKept = (): boolean => spooledUploads(brief.dataDir).includes(failed.body.id);
      assert.equal(isKept(), true);
      await sleep(1_100);
      const path = `${brief.url}/api/v1/uploads/${failed.body.id}`;
      assert.equal((await call(`${path}/retry`, { method: 'POST' })).body.code, 'upload_not_retryable');
      // An undo starts the housekeeping, which removes expired bytes.
      await call(`${brief.url}/api/v1/uploads/${good.body.id}`, { method: 'DELETE' });
      await until(() => !isKept());
      assert.equal((await call(path)).body.retry_until, null);
      assert.equal((await call(`${path}/rejects`)).body.items.length, 2, 'rejected rows are kept with the upload');
    } finally {
      await brief.close();
    }
  });
});
