import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAILPOINTS_CHANNEL } from '../../src/failpoints.ts';
import { madeFile } from '../fixtures/data-files.ts';
import {
  analyze,
  call,
  ended,
  formOf,
  put as putFile,
  type Reply,
  type RunningThena,
  startThena,
  upload,
  WAIT,
} from '../server.ts';
import { queryRows } from '../stored-rows.ts';
import { until } from '../until.ts';

const rides = madeFile('rides');
const CSV = 'at,n,t\n2024-01-01 00:00:00,1,a\n2024-01-03 00:00:00,2,b\n';
const LATER = 'at,n,t\n2024-01-02 00:00:00,3,c\n2024-02-01 00:00:00,4,d\n';
const BAD = 'at,n,t\n2024-01-05 00:00:00,5,e\n2024-01-06 00:00:00,six,"f, ""g"""\n2024-01-07 00:00:00,7\n';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_CONCURRENT_LOADS: '1' });
});
after(() => thena.close());

const get = (path: string): Promise<Reply> => call(`${thena.url}/api/v1${path}`);
const rowsOf = async (customer: string): Promise<number | string> => {
  const { body } = await analyze(thena.url, customer, 10001);
  return body.result?.total_rows ?? body.code;
};
const put = (customer: string, csv: string | Uint8Array, query = '', headers: Record<string, string> = {}) =>
  putFile(thena.url, customer, csv, { ...WAIT, ...headers }, query);
const remove = (id: string): Promise<Reply> => call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
const spool = (id: string): string => join(thena.dataDir, 'spool', id);

describe('undo', () => {
  it('removes the rows of an upload from every answer at once, and lets the file be uploaded again', async () => {
    await put('undo', CSV);
    const second = await put('undo', LATER);
    assert.equal((await analyze(thena.url, 'undo', 10002)).body.result.seconds, 31 * 86_400);
    const undone = await remove(second.body.id);
    assert.deepEqual([undone.status, undone.body.status], [200, 'undone']);
    assert.equal(await rowsOf('undo'), 2);
    assert.equal((await analyze(thena.url, 'undo', 10002)).body.result.seconds, 2 * 86_400);
    const again = await put('undo', LATER);
    assert.equal(again.body.duplicate_of, null, 'a copy of an undone upload is no duplicate');
    assert.deepEqual([again.body.receipt.table_rows_before, again.body.receipt.table_rows_after], [2, 4]);
    assert.equal((await remove(second.body.id)).body.status, 'undone', 'undone a second time');
    assert.equal(await rowsOf('undo'), 4);
  });

  it('frees the disk space in the background', async () => {
    const rows = Array.from({ length: 300_000 }, (_, row) => `${(row * 2_654_435_761) % 1e12}\n`).join('');
    const bytes = (): number => statSync(join(thena.dataDir, 'tables', 'space.duckdb')).size;
    await put('space', 'n\n1\n');
    const sizes: number[] = [];
    for (let round = 0; round < 6; round++) {
      const { body } = await put('space', `n\n${rows}`);
      sizes.push(bytes());
      const purged = Promise.withResolvers<void>();
      const listen = (step: unknown): void => {
        if (step === 'rows_purged') purged.resolve();
      };
      subscribe(FAILPOINTS_CHANNEL, listen);
      await remove(body.id);
      await purged.promise;
      unsubscribe(FAILPOINTS_CHANNEL, listen);
    }
    assert.deepEqual(await queryRows(thena.dataDir, 'space', 'SELECT count(*)::INTEGER FROM t'), [[1]]);
    const [first = 0] = sizes;
    // Freed space is reused: the table file does not grow with every upload that was undone.
    assert.ok(Math.max(...sizes) < 2 * first, `the file grew: ${sizes.join(', ')}`);
  });

  it('of the only upload lets the next file have different columns', async () => {
    const { body } = await put('fresh', CSV);
    await remove(body.id);
    assert.equal(await rowsOf('fresh'), 'table_empty');
    const other = await put('fresh', 'other\n1\n');
    assert.equal(other.body.status, 'complete', JSON.stringify(other.body));
    assert.equal(await rowsOf('fresh'), 1);
  });
});

describe('cancel', () => {
  it('ends an upload while it is being received, and answers its client', async () => {
    const url = new URL(`${thena.url}/api/v1/customers/cancel/uploads`);
    const { promise: answered, resolve } = Promise.withResolvers<{ status: number | undefined; text: string }>();
    const sender = request(url, { method: 'PUT' }, (reply) => {
      let text = '';
      reply.on('data', (chunk) => {
        text += chunk;
      });
      reply.on('end', () => resolve({ status: reply.statusCode, text }));
    });
    sender.on('error', () => undefined);
    sender.write('at,n\n');
    const row = Buffer.from('2024-01-01 00:00:00,1\n'.repeat(50_000));
    let id: string | undefined;
    for (let sent = 0; id === undefined; sent++) {
      assert.ok(sent < 100, 'the upload never appeared');
      sender.write(row);
      await sleep(20);
      id = (await get('/customers/cancel/uploads')).body.items?.[0]?.id;
    }
    const cancelled = await remove(id);
    assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled']);
    sender.end(row);
    const { status, text } = await answered;
    assert.deepEqual([status, JSON.parse(text).code], [409, 'upload_cancelled']);
    assert.equal(existsSync(spool(id)), false);
    assert.equal(await rowsOf('cancel'), 'table_empty');
    assert.equal((await put('cancel', CSV)).body.status, 'complete');
  });

  it('ends uploads that are queued or being loaded, and no others', async () => {
    const sent = await Promise.all(
      Array.from({ length: 6 }, () =>
        call(`${thena.url}/api/v1/customers/queue/uploads`, { method: 'PUT', body: new Uint8Array(rides.bytes) }),
      ),
    );
    for (const { body: waiting } of sent.slice(0, 3)) {
      const { body } = await remove(waiting.id);
      // If it was loaded before the request arrived, it is undone.
      assert.match(body.status, /^(cancelled|undone)$/);
      assert.equal(existsSync(spool(waiting.id)), false);
    }
    for (const { body } of sent.slice(3)) {
      await ended(thena.url, body.id);
    }
    assert.equal(await rowsOf('queue'), 3 * rides.rows);
  });
});

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

describe('rejected rows', () => {
  it('are listed as JSON and CSV after an upload failed, and can be corrected', async () => {
    await put('bad', CSV);
    const { body } = await put('bad', BAD);
    assert.deepEqual([body.status, body.error.code, body.error.rejected], ['failed', 'rows_rejected', 2]);
    const page = await get(`/uploads/${body.id}/rejects?limit=1`);
    assert.deepEqual(page.body.items, [
      {
        line: 3,
        byte_offset: BAD.indexOf('2024-01-06'),
        column: 'n',
        code: 'not_integer',
        message: 'not a whole number from -9223372036854775808 to 9223372036854775807',
        text: 'six',
      },
    ]);
    const next = await get(`/uploads/${body.id}/rejects?limit=1&cursor=${page.body.next_cursor}`);
    assert.deepEqual([next.body.items[0].code, next.body.next_cursor], ['wrong_field_count', null]);
    assert.equal((await get(`/uploads/${body.id}/rejects?cursor=3`)).body.code, 'bad_request');
    const csv = await get(`/uploads/${body.id}/rejects.csv`);
    assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
    assert.equal(csv.body, 'at,n,t\n2024-01-06 00:00:00,six,"f, ""g"""\n2024-01-07 00:00:00,7\n');
    const corrected = await put('bad', csv.body.replace('six', '6').replace(',7\n', ',7,h\n'));
    assert.deepEqual([corrected.body.status, corrected.body.receipt.appended], ['complete', 2]);
  });

  it('are listed with their position in the bytes that were sent', async () => {
    await put('position', CSV);
    const record = '2024-01-06 00:00:00,six,';
    const text = `at,n,t\n2024-01-05 00:00:00,5,"é\n\n"\n\n2024-01-05 00:00:00,5,x\n${record}`;
    for (const [sent, at] of [
      [Buffer.from(text), Buffer.from(text).indexOf(record)],
      [Buffer.from(`\ufeff${text}\n`), Buffer.from(text).indexOf(record) + 3],
      [Buffer.from(text.replaceAll('\n', '\r\n')), Buffer.from(text.replaceAll('\n', '\r\n')).indexOf(record)],
      [Buffer.from(text.replace('\n', '\r\n')), 'only the header'],
      [Buffer.from(text.replace('5,x\n', '5,x\r\n')), null],
      [Buffer.from(text.replace('"é', ' "é')), null],
      [Buffer.from(text.replace('é', 'e'), 'utf16le'), null],
    ] as const) {
      const { body } = await put('position', sent);
      const expected = at === 'only the header' ? sent.indexOf(record) : at;
      assert.deepEqual(body.error.rejects?.[0].byte_offset, expected, JSON.stringify([sent.toString(), body.error]));
    }
  });

  it('are skipped on request, and the receipt accounts for every row', async () => {
    await put('skip', CSV);
    const { body } = await put('skip', BAD, '?on_error=skip');
    assert.equal(body.status, 'complete', JSON.stringify(body.error));
    const { rows_in_file, appended, rejected, table_rows_after } = body.receipt;
    assert.deepEqual([rows_in_file, appended, rejected, table_rows_after], [3, 1, 2, 3]);
    assert.equal(await rowsOf('skip'), 3);
    assert.equal((await get(`/uploads/${body.id}/rejects`)).body.items.length, 2);
    const none = await put('skip', 'at,n,t\n2024-01-06 00:00:00,six,f\n', '?on_error=skip');
    assert.deepEqual([none.body.status, none.body.error.code], ['failed', 'rows_rejected']);
    assert.equal((await get(`/uploads/${(await put('skip', LATER)).body.id}/rejects`)).body.code, 'rejects_not_found');
  });

  it('are skipped in the first file of a table, too', async () => {
    const { body } = await put('skip-first', BAD, '?on_error=skip');
    assert.deepEqual([body.status, body.receipt?.appended, body.receipt?.rejected], ['complete', 2, 1]);
    assert.deepEqual(
      body.receipt.columns.map(({ type }: { type: string }) => type),
      ['timestamp', 'text', 'text'],
    );
  });
});

describe('retry', () => {
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
    const again = await call(`${path}?on_error=skip`, { method: 'POST', headers });
    assert.equal(again.body.status, 'complete', JSON.stringify(again.body));
    assert.deepEqual([again.body.retry_of, again.body.sha256], [failed.body.id, failed.body.sha256]);
    assert.deepEqual([again.body.receipt.appended, again.body.receipt.rejected], [1, 2]);
    assert.equal((await get(`/uploads/${again.body.id}/rejects`)).body.items[0].line, 3);
    assert.equal(await rowsOf('retry'), 3);
    assert.equal((await call(path, { method: 'POST' })).body.code, 'upload_not_retryable');
    assert.equal(existsSync(spool(failed.body.id)), false);
  });
});

describe('the bytes of a failed upload', () => {
  it('are kept for THENA_RETRY_SECONDS, then removed', async () => {
    const brief = await startThena({ THENA_RETRY_SECONDS: '1' });
    try {
      const good = await upload(brief.url, 'brief', CSV);
      const failed = await upload(brief.url, 'brief', BAD);
      const kept = join(brief.dataDir, 'spool', failed.body.id);
      assert.equal(existsSync(kept), true);
      await sleep(1_100);
      const path = `${brief.url}/api/v1/uploads/${failed.body.id}`;
      assert.equal((await call(`${path}/retry`, { method: 'POST' })).body.code, 'upload_not_retryable');
      // An undo starts the housekeeping, which removes expired bytes.
      await call(`${brief.url}/api/v1/uploads/${good.body.id}`, { method: 'DELETE' });
      await until(() => !existsSync(kept));
      assert.equal((await call(path)).body.retry_until, null);
      assert.equal((await call(`${path}/rejects`)).body.items.length, 2, 'rejected rows are kept with the upload');
    } finally {
      await brief.close();
    }
  });
});

describe('a dry run', () => {
  it('reports what a file would do, and keeps nothing', async () => {
    const first = await put('dry', CSV, '?dry_run=true');
    assert.deepEqual([first.body.status, first.body.receipt.appended], ['complete', 2]);
    assert.equal(await rowsOf('dry'), 'table_empty');
    assert.equal(existsSync(join(thena.dataDir, 'tables', 'dry.duckdb')), false);
    await put('dry', CSV);
    const known = await put('dry', CSV, '?dry_run=true');
    assert.match(known.body.receipt.warnings[0], /Their rows would be appended again\.$/);
    const second = await put('dry', LATER, '?dry_run=true');
    const { appended, table_rows_before, table_rows_after } = second.body.receipt;
    assert.deepEqual([appended, table_rows_before, table_rows_after], [2, 2, 2]);
    assert.equal((await put('dry', BAD, '?dry_run=true')).body.error.code, 'rows_rejected');
    assert.equal(await rowsOf('dry'), 2);
    assert.equal((await remove(second.body.id)).body.status, 'complete', 'there is nothing to undo');
    assert.equal((await upload(thena.url, 'dry', LATER)).body.duplicate_of, null);
  });
});

describe('corrected rows', () => {
  it('are uploaded to the link of the rejected rows, and each upload names the other', async () => {
    await put('corrects', CSV);
    const skipped = await put('corrects', BAD, '?on_error=skip');
    assert.deepEqual([skipped.body.receipt.rejected, skipped.body.corrected_by], [2, null]);
    const rejects = await get(`/uploads/${skipped.body.id}/rejects.csv`);
    const link = /<([^>]+)>; rel="edit-media"/.exec(rejects.headers.get('link') ?? '')?.[1];
    assert.equal((await get(`/uploads/${skipped.body.id}/rejects`)).headers.get('link'), rejects.headers.get('link'));
    const corrected = String(rejects.body).replace('six', '6').replace('00,7', '00,7,h');
    const sent = await call(`${thena.url}${link}`, { method: 'PUT', body: corrected, headers: { prefer: 'wait=60' } });
    assert.deepEqual(
      [sent.body.status, sent.body.corrects, sent.body.receipt?.appended],
      ['complete', skipped.body.id, 2],
    );
    assert.equal((await get(`/uploads/${skipped.body.id}`)).body.corrected_by, sent.body.id);
    assert.equal(await rowsOf('corrects'), 5);
  });

  it('can be uploaded as a form, too; a dry run corrects nothing', async () => {
    const failed = await put('corrects-form', BAD);
    const form = (dryRun: string) =>
      call(`${thena.url}/api/v1/event/`, {
        method: 'POST',
        body: formOf(
          ['corrects', failed.body.id],
          ['dry_run', dryRun],
          ['file', Buffer.from(CSV)],
          ['customer_id', 'corrects-form'],
        ),
        headers: { prefer: 'wait=60' },
      });
    assert.equal((await form('true')).body.corrects, failed.body.id);
    assert.equal((await get(`/uploads/${failed.body.id}`)).body.corrected_by, null);
    const sent = await form('false');
    assert.equal((await get(`/uploads/${failed.body.id}`)).body.corrected_by, sent.body.id);
  });

  it("are rejected if the upload they correct does not exist, had no rejected rows, or is another customer's", async () => {
    const whole = await put('whole', CSV);
    const others = await put('others-bad', BAD);
    const refused = [];
    for (const corrects of ['no-id', '00000000-0000-4000-8000-000000000000', whole.body.id, others.body.id]) {
      const { status, body } = await put('whole', LATER, `?corrects=${corrects}`);
      assert.deepEqual([status, body.code], [400, 'upload_option_invalid']);
      refused.push(body.detail.replace(corrects, '…'));
    }
    assert.deepEqual(new Set(refused.slice(1)).size, 1, "the answer does not reveal other customers' uploads");
    assert.equal((await get(`/uploads/${others.body.id}`)).body.corrected_by, null);
  });
});
