import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { CLUSTER, NO_CLICKHOUSE, startClickhouse } from './clickhouse-server.ts';
import { NO_POSTGRES, startPostgres } from './postgres-server.ts';

test('a PostgreSQL of the tests keeps what was committed when it is killed', {
  skip: NO_POSTGRES ?? false,
}, async () => {
  const server = await startPostgres();
  try {
    const url = await server.createDatabase();
    const first = new pg.Client(url);
    first.on('error', () => undefined);
    await first.connect();
    await first.query('create table t (x int8); insert into t values (1)');
    await server.kill();
    await server.start();
    const second = new pg.Client(url);
    await second.connect();
    assert.deepEqual((await second.query('select x from t')).rows, [{ x: '1' }]);
    await second.end();
  } finally {
    await server.remove();
  }
});

test('two ClickHouse servers of the tests are the shards of a cluster', { skip: NO_CLICKHOUSE ?? false }, async () => {
  const servers = await startClickhouse({ shards: 2 });
  try {
    const query = async (url: string, sql: string): Promise<string> => {
      const response = await fetch(url, { method: 'POST', body: sql });
      assert.equal(response.status, 200, await response.clone().text());
      return (await response.text()).trim();
    };
    const [first = '', second = ''] = servers.urls;
    for (const [index, url] of servers.urls.entries()) {
      await query(url, 'create table t (x Int64) engine = MergeTree order by x');
      await query(url, `insert into t values (${index + 1})`);
    }
    assert.equal(await query(first, `select sum(x), count() from cluster('${CLUSTER}', default, t)`), '3\t2');
    await servers.shards[1]?.kill();
    await servers.shards[1]?.start();
    assert.equal(await query(second, 'select x from t'), '2');
  } finally {
    await servers.remove();
  }
});
