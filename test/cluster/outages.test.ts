import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EventStream } from '../http/event-stream.ts';
import { analyze, call, ended, put, type RunningThena, resultRows, totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const CSV = 'at,n\n2024-01-01,1\n2024-01-02,2\n';
const SUM = { measures: [{ fn: 'sum', column: 'n', as: 'sum' }] };

/** A process has ten seconds. */
const MAX_STOP_MS = 8_000;

async function msOf(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}

/** As docs/cluster.md describes it. */
describe('a node of a cluster', { skip: NO_CLUSTER ?? false }, () => {
  let cluster: TestCluster;
  let node: RunningThena;
  before(async () => {
    cluster = await startCluster();
    node = await cluster.startNode('only');
    assert.equal((await upload(node.url, 'c', CSV)).body.status, 'complete');
  });
  after(() => cluster.close());

  const ready = async (): Promise<string> => {
    const { status, body } = await call(`${node.url}/readyz`);
    return status === 200 ? ['ready', ...body.missing].join(', ') : body.detail;
  };

  it('receives uploads while a ClickHouse server is down, loads them afterwards, and answers no analysis with a part', async () => {
    const [, shard] = cluster.servers.clickhouse.shards;
    assert.equal((await upload(node.url, 'other', CSV)).body.status, 'complete');
    await shard?.kill();
    const sent = await put(node.url, 'c', CSV).finally(() => undefined);
    try {
      assert.equal(sent.status, 202, JSON.stringify(sent.body));
      const query = { customer_id: 'c', query: { ...SUM, where: { column: 'n', op: '>', value: 0 } } };
      const { status, body } = await call(`${node.url}/api/v1/analyze/`, { json: query });
      assert.equal(status, 503, JSON.stringify(body));
      assert.equal((await analyze(node.url, 'c', 'total_rows')).body.result.total_rows, 2);
      assert.match(await ready(), /^ready, ClickHouse/);
      const deleted = await call(`${node.url}/api/v1/customers/other`, { method: 'DELETE' });
      assert.equal(deleted.body.code, 'tables_unavailable', JSON.stringify(deleted.body));
      assert.equal(deleted.body.missing.length, 1);
    } finally {
      await shard?.start();
    }
    assert.equal((await ended(node.url, sent.body.id)).status, 'complete');
    assert.deepEqual(await resultRows(node.url, 'c', SUM), [[6]]);
    assert.equal((await call(`${node.url}/api/v1/customers/other`, { method: 'DELETE' })).status, 204);
    await until(async () => (await ready()) === 'ready');
  });

  it('refuses requests while PostgreSQL is down, can be stopped, and continues afterwards', async () => {
    const { postgres } = cluster.servers;
    const other = await cluster.startNode('other');
    const unaware = await cluster.startNode('unaware');
    await postgres.kill();
    try {
      // It finds out while it stops.
      const unawareMs = await msOf(unaware.stop());
      assert.ok(unawareMs < MAX_STOP_MS, `the node took ${unawareMs} ms to stop`);
      const { status, body } = await put(node.url, 'c', CSV);
      assert.deepEqual([status, body.code], [503, 'catalog_unavailable'], JSON.stringify(body));
      const began = performance.now();
      assert.equal((await analyze(node.url, 'c', 'total_rows')).status, 503);
      const again = await put(node.url, 'c', CSV);
      assert.deepEqual([again.status, again.body.code], [503, 'catalog_unavailable'], JSON.stringify(again.body));
      const ms = performance.now() - began;
      assert.ok(ms < 3_000, `two more requests took ${ms} ms`);
      assert.match(await ready(), /^No response from the catalog/);
      await until(async () => (await call(`${other.url}/api/v1/customers/c`)).status === 503);
      const otherMs = await msOf(other.stop());
      assert.ok(otherMs < MAX_STOP_MS, `the other node took ${otherMs} ms to stop`);
      assert.equal(other.observations.at(-1)?.kind, 'engine_stopped');
    } finally {
      await postgres.start();
    }
    // At once, and not only when it is next looked at.
    assert.equal((await call(`${node.url}/api/v1/customers/c`)).status, 200);
    await until(async () => (await ready()) === 'ready');
    assert.equal(await totalRows(node.url, 'c'), 4);
    assert.equal((await upload(node.url, 'c', CSV)).body.status, 'complete');
  });

  it('takes no acknowledgement back when PostgreSQL fails, and ends streams without a problem', async () => {
    const { postgres, clickhouse } = cluster.servers;
    const [, shard] = clickhouse.shards;
    await shard?.kill();
    const waiting = put(node.url, 'waits', CSV, { prefer: 'wait=2' });
    let id: string | undefined;
    let stream: EventStream | undefined;
    try {
      await until(async () => {
        const { body } = await call(`${node.url}/api/v1/customers/waits/uploads`);
        const [first] = body.items ?? [];
        if (first?.status === 'received') id = first.id;
        return id !== undefined;
      });
      stream = await EventStream.open(`${node.url}/api/v1/customers/waits/events`);
      await stream.until(({ name }) => name === 'table');
      await postgres.kill();
      const { status, body } = await waiting;
      assert.deepEqual([status, body.id], [202, id], JSON.stringify(body));
      await stream.untilEnd();
      assert.deepEqual(new Set(stream.events.map(({ name }) => name)), new Set(['upload', 'table']));
    } finally {
      stream?.close();
      await postgres.start();
      await shard?.start();
    }
    assert.equal((await ended(node.url, String(id))).status, 'complete');
  });

  it('refuses uploads while the spool is away, and answers analyses', async () => {
    const spool = fileURLToPath(cluster.environment.THENA_SPOOL_URL ?? '');
    const [, shard] = cluster.servers.clickhouse.shards;
    await shard?.kill();
    const waiting = await put(node.url, 'c', CSV);
    assert.equal(waiting.status, 202);
    renameSync(spool, `${spool}-away`);
    try {
      await shard?.start();
      const { status, body } = await put(node.url, 'c', CSV);
      assert.deepEqual([status, body.code], [503, 'spool_unavailable'], JSON.stringify(body));
      const sum = await call(`${node.url}/api/v1/analyze/`, { json: { customer_id: 'c', query: SUM } });
      assert.equal(sum.status, 200, JSON.stringify(sum.body));
      await sleep(3_000);
      assert.match(await ready(), /^ready, the spool/);
    } finally {
      renameSync(`${spool}-away`, spool);
    }
    await until(async () => (await ready()) === 'ready');
    // It was acknowledged: it neither fails nor gets lost because its bytes could not be found for a while.
    assert.equal((await ended(node.url, waiting.body.id)).status, 'complete');
    assert.equal((await upload(node.url, 'c', CSV)).body.status, 'complete');
  });
});
