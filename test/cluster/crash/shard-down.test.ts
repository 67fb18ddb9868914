import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { analyze, call, ended, put, resultRows, totalRows, upload } from '../../server.ts';
import { until } from '../../until.ts';
import { NO_CLUSTER } from '../start-cluster.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';

/** Several segments, of which each shard gets some. */
const ROWS = 120_000;
const CSV = `at,n,text\n${Array.from({ length: ROWS }, (_, row) => `2024-01-01 00:00:00,${row},${'x'.repeat(60)}\n`).join('')}`;
const SUM = { measures: [{ fn: 'sum', column: 'n', as: 'sum' }] };
const WHOLE = (ROWS * (ROWS - 1)) / 2;

describe('while a shard is down', { skip: NO_CLUSTER ?? false }, () => {
  let crash: CrashCluster;
  let a: string;
  let b: string;
  before(async () => {
    crash = await startCrashCluster();
    [a = '', b = ''] = crash.urls();
    const { body } = await upload(a, 'shards', CSV);
    assert.equal(body.status, 'complete', JSON.stringify(body));
    for (const shard of crash.cluster.servers.clickhouse.urls) {
      const [database] = crash.cluster.environment.THENA_CLICKHOUSE_URL?.split('/').slice(-1) ?? [];
      const sql = `SELECT sum(total_rows) FROM system.tables WHERE database = '${database}' AND name LIKE 'shards%'`;
      const rows = Number(await (await fetch(shard, { method: 'POST', body: sql })).text());
      assert.ok(rows > 0 && rows < ROWS, `a shard has ${rows} rows`);
    }
  });
  after(() => crash.remove());

  for (const index of [0, 1]) {
    const missing = `ClickHouse shard ${index + 1} of 2`;

    it(`analyses, rows, exports and readyz say that it is ${missing}`, async () => {
      await crash.shards[index]?.kill();
      try {
        const table = '/api/v1/customers/shards/table';
        const link = '/api/v1/customers/shards/query.csv?measures=sum:n';
        for (const url of [a, b]) {
          // Not in the cache of a node.
          const query = { ...SUM, where: { column: 'n', op: '>=', value: index - 5 } };
          for (const reply of [
            await call(`${url}/api/v1/analyze/`, { json: { customer_id: 'shards', query } }),
            await call(`${url}${table}/rows?limit=3&offset=${index}`),
            await call(`${url}${table}/export?format=csv`),
            await call(`${url}${table}/export?format=parquet`),
            await call(url + link),
          ]) {
            assert.deepEqual([reply.status, reply.body.code], [503, 'tables_unavailable'], JSON.stringify(reply.body));
            assert.match(reply.body.detail, new RegExp(`^No response from ${missing}\\.`));
            assert.deepEqual(reply.body.missing, [missing]);
          }
          const ready = await call(`${url}/readyz`);
          assert.deepEqual([ready.status, ready.body.missing], [200, [missing]]);
          // In the catalog: all of the rows.
          assert.equal((await analyze(url, 'shards', 'total_rows')).body.result.total_rows, ROWS);
        }
      } finally {
        await crash.shards[index]?.start();
      }
      for (const url of [a, b]) assert.deepEqual(await resultRows(url, 'shards', SUM), [[WHOLE]]);
      await until(async () => (await call(`${b}/readyz`)).body.missing?.length === 0);
    });

    it(`uploads wait for ${missing}, and go on once it is back`, async () => {
      const customer = `waits-${index}`;
      await upload(a, customer, 'at,n,text\n2024-01-01,1,x\n');
      await crash.shards[index]?.kill();
      const accepted = await put(a, customer, CSV);
      assert.equal(accepted.status, 202, JSON.stringify(accepted.body));
      await sleep(1_000);
      const waiting = await call(`${b}/api/v1/uploads/${accepted.body.id}`);
      assert.ok(['received', 'ingesting'].includes(waiting.body.status), JSON.stringify(waiting.body));
      assert.equal(await totalRows(b, customer), 1);
      await crash.shards[index]?.start();
      const upload_ = await ended(b, accepted.body.id);
      assert.equal(upload_.status, 'complete', JSON.stringify(upload_));
      assert.equal(await totalRows(a, customer), ROWS + 1);
      assert.deepEqual(await resultRows(a, customer, SUM), [[WHOLE + 1]]);
    });
  }

  it('a shard that answers late is waited for', async () => {
    const [, shard] = crash.shards;
    shard?.pause();
    const query = { ...SUM, where: { column: 'n', op: '>', value: -1 } };
    let isAnswered = false;
    const answer = resultRows(b, 'shards', query).finally(() => {
      isAnswered = true;
    });
    await sleep(1_500);
    assert.equal(isAnswered, false);
    shard?.resume();
    assert.deepEqual(await answer, [[WHOLE]]);
  });
});
