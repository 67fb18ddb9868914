import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, statSync } from 'node:fs';
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
  put as putFile,
  type Reply,
  type RunningThena,
  startThena,
  totalRows,
  upload,
  WAIT,
} from '../server.ts';
import { spooledUploads } from '../spooled-uploads.ts';
import { queryRows } from '../stored-rows.ts';
import { tableFile } from '../table-file.ts';
import { BAD, CSV, LATER } from './small-files.ts';

const rides = madeFile('rides');

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_CONCURRENT_LOADS: '1' });
});
after(() => thena.close());

const get = (path: string): Promise<Reply> => call(`${thena.url}/api/v1${path}`);
const rowsOf = (customer: string) => totalRows(thena.url, customer);
const put = (customer: string, csv: string | Uint8Array, query = '', headers: Record<string, string> = {}) =>
  putFile(thena.url, customer, csv, { ...WAIT, ...headers }, query);
const remove = (id: string): Promise<Reply> => call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
const isSpooled = (id: string): boolean => spooledUploads(thena.dataDir).includes(id);

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
    const bytes = (): number => statSync(tableFile(thena.dataDir, 'space')).size;
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
    assert.equal(isSpooled(id), false);
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
      assert.equal(isSpooled(waiting.id), false);
    }
    for (const { body } of sent.slice(3)) {
      await ended(thena.url, body.id);
    }
    assert.equal(await rowsOf('queue'), 3 * rides.rows);
  });
});

describe('a dry run', () => {
  it('reports what a file would do, and keeps nothing', async () => {
    const first = await put('dry', CSV, '?dry_run=true');
    assert.deepEqual([first.body.status, first.body.receipt.appended], ['complete', 2]);
    assert.equal(await rowsOf('dry'), 'table_empty');
    assert.equal(
      readdirSync(join(thena.dataDir, 'tables')).some((name) => name.startsWith('dry')),
      false,
    );
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
