import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import pg from 'pg';
import { childOf } from '../../harness/process-memory.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { killOrderEnvironment, orderKill, wasCarriedOut } from '../crash/kill-order.ts';
import { begin, idOf, offsetOf, send } from '../http/tus-requests.ts';
import { call, ended, put, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { type Receiver, startReceiver } from '../webhooks/receiver.ts';
import { moves } from './moves.ts';
import { NO_S3, S3_KEYS, type S3Server, startS3 } from './s3-server.ts';
import { NO_CLUSTER } from './start-cluster.ts';

/** IDs of customers are as strange as they may be. */
const BUSY = '0'.repeat(64);
const UNDONE = 'a-_-9_';
const NAMED = '00000000-0000-4000-8000-000000000000';
const REJECTED = '1';
const GHOST = 'appears';
const DELETED = 'being-deleted';

const FILENAME = 'ä "b" \\ \u0000 \ufdd0.csv';
const NAMED_CSV = '"a ""b"", c","\'; DROP TABLE x; --",😀,c0,_row\n1,2,3,4,5\n';
const RESUMED = Buffer.from('a,b\n1,2\n3,4\n');
/** Loads begin in the order in which they were sent. */
const FILES = [50_000, 10, 20].map((rows, file) => `file,row\n${`${file},1\n`.repeat(rows)}`);

/** What was in flight when Thena was killed. */
interface InFlight {
  readonly undone: string;
  readonly resumable: string;
  readonly skipped: string;
  readonly corrected: string;
  readonly failed: string;
  readonly waiting: readonly string[];
  readonly filename: string;
}

describe('uploads in flight when Thena was killed', { skip: NO_CLUSTER ?? NO_S3 ?? false, timeout: 300_000 }, () => {
  const made = moves();
  let s3: S3Server;
  let receiver: Receiver;
  before(async () => {
    Object.assign(process.env, S3_KEYS);
    s3 = await startS3();
    // Never answers: deliveries are on their way until the sender is killed.
    receiver = await startReceiver(() => undefined);
  });
  after(async () => {
    await receiver.close();
    await s3.remove();
    for (const name of Object.keys(S3_KEYS)) delete process.env[name];
  });

  let source: ThenaProcess;
  async function start(dataDir: string, order: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const environment = { ...settings, ...killOrderEnvironment(order), THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow' };
    source = await startThenaProcess(dataDir, [], environment);
  }
  afterEach(() => source?.end('SIGKILL'));

  /** @param freeze keeps all loads from ending */
  async function leaveBehind(thena: ThenaProcess, order: string, freeze: () => void): Promise<InFlight> {
    const { url } = thena;
    const api = `${url}/api/v1`;
    const load = async (customer: string, csv: string, query = '') => (await put(url, customer, csv, WAIT, query)).body;
    await load(UNDONE, 'n,t\n1,a\n');
    const widened = await load(UNDONE, 'n,t\n1.5,b\n');
    const { filename } = await load(NAMED, NAMED_CSV, `?filename=${encodeURIComponent(FILENAME)}`);
    await load(NAMED, 'nothing\n');
    const skipped = await load(REJECTED, 'n,t\n1,a\nx,b\n2,c\n', '?on_error=skip&columns=n:integer,t:text');
    const corrected = await load(REJECTED, 'n,t\n7,b\n', `?corrects=${skipped.id}`);
    const failed = await load(REJECTED, 'n,t\n3,a\ny,b\n');
    assert.deepEqual([skipped.receipt?.rejected, failed.status], [1, 'failed'], JSON.stringify([skipped, failed]));
    await load(DELETED, 'a\n1\n');
    await call(`${api}/customers/${UNDONE}/webhooks`, {
      json: { url: receiver.url, events: ['upload.complete', 'upload.undone'] },
    });
    const resumable = await begin(url, RESUMED.length, { customer_id: 'resumed' });
    const path = resumable.headers.get('location') ?? '';
    assert.equal((await send(url + path, 0, RESUMED.subarray(0, 6))).status, 204);

    freeze();
    const waiting: string[] = [];
    for (const csv of FILES) waiting.push((await put(url, BUSY, csv)).body.id);
    await until(async () => (await call(`${api}/uploads/${waiting[0]}`)).body.status === 'ingesting');
    call(`${api}/customers/${DELETED}`, { method: 'DELETE' }).catch(() => undefined);
    const half = request(`${api}/customers/${GHOST}/uploads`, { method: 'PUT' });
    half.on('error', () => undefined).write(`a,b\n${'1,2\n'.repeat(4_000_000)}`);
    await until(async () => (await call(`${api}/customers/${GHOST}`)).status === 200);
    orderKill(order, { failpoint: 'undone', nth: 1, victim: 'both' });
    await call(`${api}/uploads/${widened.id}`, { method: 'DELETE' }).catch(() => undefined);
    await until(() => wasCarriedOut(order) && thena.child.signalCode === 'SIGKILL');
    const ids = { undone: widened.id, skipped: skipped.id, corrected: corrected.id, failed: failed.id };
    return { ...ids, waiting, resumable: path, filename };
  }

  /** Asserts that a Thena has all of it, and continues with it. */
  async function continued({ url }: RunningThena, left: InFlight): Promise<void> {
    const api = `${url}/api/v1`;
    const ask = async (path: string) => (await call(api + path)).body;
    for (const id of left.waiting) assert.equal((await ended(url, id)).status, 'complete');
    assert.equal(await totalRows(url, BUSY), 50_030);
    const order = (await ask(`/customers/${BUSY}/uploads`)).items.map(({ id }: { id: string }) => id);
    assert.deepEqual(order, left.waiting.toReversed());

    assert.equal((await ask(`/uploads/${left.undone}`)).status, 'undone');
    const { columns, rows } = await ask(`/customers/${UNDONE}/table`);
    assert.deepEqual([columns[0].type, rows], ['integer', 1]);
    assert.equal(await (await fetch(`${api}/customers/${UNDONE}/export.csv`)).text(), 'n,t\n1,a\n');
    assert.equal((await put(url, UNDONE, 'n,t\n2,c\n', WAIT)).body.status, 'complete');
    assert.equal(await totalRows(url, UNDONE), 2);

    assert.equal(await (await fetch(`${api}/customers/${NAMED}/export.csv`)).text(), NAMED_CSV);
    const named = await ask(`/customers/${NAMED}/uploads`);
    assert.equal(named.items.at(-1).filename, left.filename);

    const { items } = await ask(`/uploads/${left.skipped}/rejects`);
    assert.deepEqual([items.length, items[0].line], [1, 3]);
    assert.equal((await ask(`/uploads/${left.skipped}`)).corrected_by, left.corrected);
    const retried = await call(`${api}/uploads/${left.failed}/retry?on_error=skip`, { method: 'POST', headers: WAIT });
    assert.equal(retried.body.receipt?.appended, 1, JSON.stringify(retried.body));
    assert.equal(await totalRows(url, REJECTED), 4);

    assert.equal(await offsetOf(url + left.resumable), 6);
    assert.equal((await send(url + left.resumable, 6, RESUMED.subarray(6))).status, 204);
    assert.equal((await ended(url, idOf(left.resumable))).status, 'complete');
    assert.equal(await totalRows(url, 'resumed'), 2);

    assert.equal((await call(`${api}/customers/${GHOST}`)).status, 404, 'nothing of it was acknowledged');
    await until(async () => (await call(`${api}/customers/${DELETED}`)).status === 404);
    await until(() => receiver.received.some(({ event }) => event.type === 'upload.undone'));
  }

  it('on one machine continue in a cluster whose spool is a bucket', async () => {
    made.cluster = { ...made.cluster, ...S3_KEYS, THENA_SPOOL_URL: s3.url('in') };
    const from = made.dataDir();
    const order = join(made.dataDir(), 'order');
    await start(from, order, {});
    const left = await leaveBehind(source, order, () => process.kill(childOf(source.child.pid ?? 0) ?? 0, 'SIGSTOP'));
    receiver.received.length = 0;
    const moved = await made.move('--from', from);
    assert.equal(moved.code, 0, moved.output);
    assert.doesNotMatch(moved.output, /appears|without bytes/);
    const node = await startThena({ ...made.cluster, THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow' });
    try {
      await continued(node, left);
    } finally {
      await node.stop();
    }
    assert.deepEqual(s3.keys('in/resumable'), []);
    assert.ok(!existsSync(join(from, 'tmp/move')));
  });

  it('in a cluster whose spool is a bucket continue on one machine', async () => {
    made.cluster = { ...made.cluster, ...S3_KEYS, THENA_SPOOL_URL: s3.url('out') };
    const order = join(made.dataDir(), 'order');
    await start(made.dataDir(), order, { ...made.cluster, THENA_NODE_ID: 'killed' });
    const [shard] = made.servers.clickhouse.shards;
    const left = await leaveBehind(source, order, () => shard?.pause()).finally(() => shard?.resume());
    receiver.received.length = 0;
    const to = made.dataDir();
    const early = await made.move('--to', to);
    assert.equal(early.code, 2, early.output);
    assert.match(early.output, /killed.* are running|running: killed/);
    // As after 15 seconds.
    const client = new pg.Client(made.cluster.THENA_DATABASE_URL);
    await client.connect();
    await client.query(`update nodes set seen_at = 0 where node_id = 'killed'`).finally(() => client.end());
    const asked = new Set<string>();
    s3.fault = ({ url = '' }) => {
      const id = /rejects\/([^.]+)\.ndjson/.exec(decodeURIComponent(url))?.[1];
      if (id !== undefined) asked.add(id);
      return null;
    };
    const moved = await made.move('--to', to);
    s3.fault = null;
    assert.equal(moved.code, 0, moved.output);
    assert.doesNotMatch(moved.output, /appears|without bytes/);
    // Each question takes time, and most uploads have no rejected rows.
    assert.deepEqual(
      [left.skipped, left.failed].filter((id) => !asked.has(id)),
      [],
    );
    assert.deepEqual(
      [left.corrected, left.undone, ...left.waiting].filter((id) => asked.has(id)),
      [],
    );
    const target = await startThena({ THENA_DATA_DIR: to, THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow' });
    try {
      await continued(target, left);
    } finally {
      await target.stop();
    }
    assert.deepEqual(readdirSync(join(to, 'tmp')), ['exports']);
    assert.deepEqual(readdirSync(join(to, 'resumable')), []);
  });

  it('whose bytes are lost are moved without them, and fail as they would have', async () => {
    const from = made.dataDir();
    const { url, stop } = await startThena({ THENA_DATA_DIR: from });
    const failed = (await put(url, 'a', 'n\n1\nx\n', WAIT, '?columns=n:integer')).body;
    const resumable = await begin(url, RESUMED.length, { customer_id: 'b' });
    const path = resumable.headers.get('location') ?? '';
    await send(url + path, 0, RESUMED.subarray(0, 6));
    await stop();
    for (const folder of ['spool', 'resumable']) {
      for (const name of readdirSync(join(from, folder))) rmSync(join(from, folder, name), { recursive: true });
    }
    const moved = await made.move('--from', from);
    assert.equal(moved.code, 0, moved.output);
    for (const id of [failed.id, idOf(path)]) assert.match(moved.output, new RegExp(`without bytes.*${id}`));
    const node = await startThena(made.cluster);
    try {
      const retried = await call(`${node.url}/api/v1/uploads/${failed.id}/retry`, { method: 'POST' });
      assert.equal(retried.body.code, 'upload_bytes_missing');
      const sent = await send(node.url + path, 6, RESUMED.subarray(6));
      assert.equal(sent.body.code, 'upload_bytes_missing', JSON.stringify(sent.body));
    } finally {
      await node.stop();
    }
  });
});
