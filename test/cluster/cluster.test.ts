import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventStream } from '../http/event-stream.ts';
import { ask, begin, idOf, offsetOf, send } from '../http/tus-requests.ts';
import {
  analyze,
  call,
  ended,
  put,
  type Reply,
  type RunningThena,
  resultRows,
  totalRows,
  upload,
  WAIT,
} from '../server.ts';
import { until } from '../until.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const ROWS = 50_000;
const CSV = `at,amount,note\n${Array.from({ length: ROWS }, (_, row) => `2024-01-01 00:00:${String(row % 60).padStart(2, '0')},${row},row ${row}\n`).join('')}`;

describe('two nodes of a cluster', { skip: NO_CLUSTER ?? false }, () => {
  let cluster: TestCluster;
  let a: RunningThena;
  let b: RunningThena;
  before(async () => {
    cluster = await startCluster();
    a = await cluster.startNode('a');
    b = await cluster.startNode('b');
  });
  after(() => cluster.close());

  const at = (node: RunningThena, path: string, init: Parameters<typeof call>[1] = {}): Promise<Reply> =>
    call(`${node.url}/api/v1${path}`, init);

  /** Sends the start of a file to a node, and waits until it is listed. */
  async function beginUpload(node: RunningThena, customer: string) {
    const sender = request(`${node.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT' });
    const refused = once(sender, 'response').then(
      ([response]) => response.statusCode as number,
      () => null,
    );
    sender.on('error', () => undefined);
    sender.write('at,n\n');
    const chunk = '2024-01-01 00:00:00,1\n'.repeat(50_000);
    let id: string | undefined;
    await until(async () => {
      sender.write(chunk);
      id = (await at(b, `/customers/${customer}/uploads`)).body.items?.[0]?.id;
      return id !== undefined;
    });
    return { sender, id: id ?? '', refused };
  }

  it('answer the same, whichever of them has received the upload', async () => {
    const { body } = await upload(a.url, 'same', CSV);
    assert.equal(body.status, 'complete', JSON.stringify(body));
    assert.equal(body.receipt.appended, ROWS);
    for (const node of [a, b]) {
      assert.deepEqual((await at(node, `/uploads/${body.id}`)).body, body);
      assert.equal(await totalRows(node.url, 'same'), ROWS);
      assert.equal((await analyze(node.url, 'same', 'time_difference')).body.result.seconds, 59);
      const query = { measures: [{ fn: 'sum', column: 'amount', as: 'sum' }] };
      assert.deepEqual(await resultRows(node.url, 'same', query), [[(ROWS * (ROWS - 1)) / 2]]);
      const page = await at(node, '/customers/same/table/rows?limit=2&offset=49998');
      assert.deepEqual(
        page.body.rows.map((row: unknown[]) => row[2]),
        ['row 49998', 'row 49999'],
        JSON.stringify(page.body),
      );
    }
    const [first, second] = await Promise.all(
      [a, b].map((node) => at(node, '/customers/same/table/export?format=csv')),
    );
    assert.equal(first?.status, 200);
    assert.equal(first?.body, second?.body);
    assert.equal(first?.body.split('\n').length, ROWS + 2);
  });

  it('see what the other has committed at once', async () => {
    for (let round = 1; round <= 10; round++) {
      const [writer, reader] = round % 2 === 0 ? [a, b] : [b, a];
      await upload(writer.url, 'rounds', `at,n\n2024-01-01,${round}\n`);
      assert.equal(await totalRows(reader.url, 'rounds'), round);
      assert.deepEqual(await resultRows(reader.url, 'rounds', { measures: [{ fn: 'max', column: 'n', as: 'max' }] }), [
        [round],
      ]);
    }
  });

  it('take turns with the uploads of a customer, the first ones as well', async () => {
    const sent = Array.from({ length: 8 }, (_, index) =>
      upload(index % 2 === 0 ? a.url : b.url, 'turns', `at,n\n2024-01-01,${index}\n`),
    );
    for (const { body } of await Promise.all(sent)) assert.equal(body.status, 'complete', JSON.stringify(body));
    assert.equal(await totalRows(a.url, 'turns'), 8);
    assert.equal(await totalRows(b.url, 'turns'), 8);
  });

  it('undo what the other has loaded', async () => {
    const { body } = await upload(a.url, 'undone', CSV);
    assert.equal((await at(b, `/uploads/${body.id}`, { method: 'DELETE' })).body.status, 'undone');
    for (const node of [a, b]) assert.equal(await totalRows(node.url, 'undone'), 'table_empty');
  });

  it('cancel what the other is receiving', async () => {
    const { sender, id, refused } = await beginUpload(a, 'cancelled');
    const { status, body } = await at(b, `/uploads/${id}`, { method: 'DELETE' });
    assert.ok(status === 200 || status === 202, JSON.stringify(body));
    const answered = await Promise.race([refused, until(() => sender.destroyed).then(() => null)]);
    assert.notEqual(answered, 202);
    await until(async () => (await at(b, `/uploads/${id}`)).body.status !== 'receiving');
    assert.equal(await totalRows(b.url, 'cancelled'), 'table_empty');
    sender.destroy();
  });

  it('wait for uploads of the other, and stream their progress', async () => {
    const { sender, id } = await beginUpload(a, 'followed');
    const stream = await EventStream.open(`${b.url}/api/v1/uploads/${id}/events`);
    const all = await EventStream.open(`${b.url}/api/v1/customers/followed/events`);
    await stream.until(({ name }) => name === 'progress');
    sender.end();
    const last = await stream.until(({ data }) => data.status === 'complete');
    assert.ok(last.data.receipt.appended > 0);
    await all.until(({ data }) => (data.upload ?? data).status === 'complete');
    stream.close();
    all.close();
    const [csv, headers] = ['at,n\n2024-01-01 00:00:00,5\n', { 'idempotency-key': 'waits' }];
    const accepted = await put(a.url, 'followed', csv, headers);
    const waited = await put(b.url, 'followed', csv, { ...headers, ...WAIT });
    assert.deepEqual([waited.body.id, waited.body.status], [accepted.body.id, 'complete']);
  });

  it('list the rejected rows of uploads of the other, and retry them', async () => {
    const { body } = await upload(a.url, 'rejected', `at,n\n2024-01-01,1\n${'2024-01-01,2\n'.repeat(100)}`);
    assert.equal(body.status, 'complete');
    const failed = await upload(a.url, 'rejected', 'at,n\n2024-01-01,1\n2024-01-01,many\n');
    assert.equal(failed.body.error.code, 'rows_rejected', JSON.stringify(failed.body));
    const { id } = failed.body;
    const rejects = await at(b, `/uploads/${id}/rejects`);
    assert.equal(rejects.body.items[0].line, 3);
    const csv = await at(b, `/uploads/${id}/rejects.csv`);
    assert.match(String(csv.body), /many/);
    const retried = await at(b, `/uploads/${id}/retry?on_error=skip`, { method: 'POST', headers: WAIT });
    assert.equal(retried.body.status, 'complete', JSON.stringify(retried.body));
    assert.deepEqual([retried.body.receipt.appended, retried.body.receipt.rejected], [1, 1]);
  });

  it('continue a resumable upload that the other has begun', async () => {
    const bytes = Buffer.from(CSV);
    const begun = await begin(a.url, bytes.length, { customer_id: 'resumed' });
    assert.equal(begun.status, 201);
    const path = begun.headers.get('location') ?? '';
    assert.equal((await send(a.url + path, 0, bytes.subarray(0, 100_000))).status, 204);
    assert.equal(await offsetOf(b.url + path), 100_000);
    assert.equal((await send(b.url + path, 100_000, bytes.subarray(100_000, 200_000))).status, 204);
    assert.equal((await ask(a.url + path)).headers.get('upload-offset'), '200000');
    assert.equal((await send(a.url + path, 200_000, bytes.subarray(200_000))).status, 204);
    const done = await ended(b.url, idOf(path));
    assert.equal(done.status, 'complete', JSON.stringify(done));
    assert.equal(await totalRows(b.url, 'resumed'), ROWS);
  });

  it('delete a customer for both', async () => {
    await upload(a.url, 'deleted', CSV);
    assert.equal(await totalRows(b.url, 'deleted'), ROWS);
    assert.equal((await at(b, '/customers/deleted', { method: 'DELETE' })).status, 204);
    assert.equal((await at(a, '/customers/deleted')).status, 404);
    await upload(a.url, 'deleted', 'at,n\n2024-01-01,1\n');
    assert.equal(await totalRows(b.url, 'deleted'), 1);
  });

  it('keep nothing but temporary files in their data folders', () => {
    for (const node of [a, b]) {
      assert.deepEqual(
        readdirSync(node.dataDir).filter((name) => !/^(lock.*|tmp|spool-cache)$/.test(name)),
        [],
      );
      assert.deepEqual(readdirSync(join(node.dataDir, 'tmp/exports')), []);
    }
  });

  it('stay in service while a ClickHouse server is down, and say to monitoring which', async () => {
    assert.equal((await call(`${a.url}/readyz`)).status, 200);
    const [, shard] = cluster.servers.clickhouse.shards;
    await shard?.kill();
    try {
      const { status, body } = await call(`${a.url}/readyz`);
      assert.deepEqual([status, body], [200, { status: 'ready', missing: ['ClickHouse shard 2 of 2'] }]);
      assert.equal((await call(`${a.url}/healthz`)).status, 200);
    } finally {
      await shard?.start();
    }
    await until(async () => (await call(`${a.url}/readyz`)).body.missing?.length === 0);
  });

  it('refuse to start as a node that runs already', async () => {
    const first = await cluster.startNodeProcess('twin');
    await assert.rejects(
      cluster.startNodeProcess('twin'),
      new RegExp(
        `Waiting for the end of process ${first.child.pid} on [^]*Node twin runs already: process ${first.child.pid} on `,
      ),
    );
    assert.equal((await call(`${first.url}/readyz`)).status, 200);
    // One that is on its way to stop.
    const waiting = cluster.startNodeProcess('twin');
    await sleep(1_000);
    await first.end('SIGTERM');
    const second = await waiting;
    // One that was killed.
    await second.end('SIGKILL');
    const startedAt = performance.now();
    await cluster.startNodeProcess('twin');
    const ms = performance.now() - startedAt;
    // Otherwise it would have waited as long as a node is not seen that is dead.
    assert.ok(ms < 15_000, `it was started again after ${ms} ms`);
  });

  it('replace one that was suspended, which stops when it continues', async () => {
    const first = await cluster.startNodeProcess('suspended');
    first.child.kill('SIGSTOP');
    await cluster.startNodeProcess('suspended');
    const exited = once(first.child, 'exit');
    first.child.kill('SIGCONT');
    assert.deepEqual(await exited, [1, null]);
  });
});

describe('nodes that require keys', { skip: NO_CLUSTER ?? false }, () => {
  const KEY = 'the-key-of-the-administrator';
  let cluster: TestCluster;
  let nodes: readonly RunningThena[];
  before(async () => {
    cluster = await startCluster({ shards: 1 });
    const settings = { THENA_ADMIN_KEY: KEY };
    nodes = [await cluster.startNode('a', settings), await cluster.startNode('b', settings)];
  });
  after(() => cluster.close());

  it('accept a key made at the other, and refuse one revoked there', async () => {
    const [a, b] = nodes.map(({ url }) => `${url}/api/v1`);
    const admin = { authorization: `Bearer ${KEY}` };
    const created = await call(`${a}/customers`, { json: { id: 'keyed' }, headers: admin });
    assert.equal(created.status, 201, JSON.stringify(created.body));
    const { api_key } = created.body;
    const own = { authorization: `Bearer ${api_key.key}` };
    const sent = await put(nodes[1]?.url ?? '', 'keyed', 'at,n\n2024-01-01,1\n', { ...WAIT, ...own });
    assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
    assert.equal((await call(`${a}/customers/keyed/table`, { headers: own })).status, 200);
    assert.equal(
      (await call(`${b}/customers/keyed/keys/${api_key.id}`, { method: 'DELETE', headers: admin })).status,
      204,
    );
    for (const url of [a, b]) assert.equal((await call(`${url}/customers/keyed/table`, { headers: own })).status, 401);
  });
});

it('half of the settings of a cluster ends the start with the missing ones', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [main], {
    env: { PATH: process.env.PATH, THENA_DATABASE_URL: 'postgres://thena:hush@127.0.0.1:1/thena' },
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(stderr, /Set THENA_CLICKHOUSE_URL and THENA_SPOOL_URL as well/);
  assert.doesNotMatch(stderr, /hush/);
});
