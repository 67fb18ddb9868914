import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import type { ThenaProcess } from '../../harness/thena-process.ts';
import { User } from '../cli/run-thena.ts';
import { call, type RunningThena, startThena } from '../server.ts';
import { until } from '../until.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const KEY = 'the-key-of-the-administrator';
const ADMIN = { authorization: `Bearer ${KEY}` };
const PASSWORD = 'nobody-may-see-this';
/** Ten minutes ahead. */
const SHIFTED = {
  NODE_OPTIONS: `--import=${new URL('./crash/shifted-clock.ts', import.meta.url).href}`,
  CLOCK_SHIFT_MS: '600000',
};

describe('thena doctor of a cluster', { skip: NO_CLUSTER ?? false, timeout: 200_000 }, () => {
  let cluster: TestCluster;
  let a: RunningThena;
  let ahead: ThenaProcess;
  let user: User;
  before(async () => {
    cluster = await startCluster({ shards: 2 });
    const url = new URL(cluster.environment.THENA_DATABASE_URL ?? '');
    url.password = PASSWORD;
    const settings = { THENA_ADMIN_KEY: KEY, THENA_DATABASE_URL: url.href };
    a = await cluster.startNode('a', settings);
    ahead = await cluster.startNodeProcess('ahead', { ...settings, ...SHIFTED });
    user = new User({ THENA_URL: a.url, THENA_KEY: KEY });
  });
  after(async () => {
    user.remove();
    await cluster.close();
  });

  const doctor = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await user.run(['doctor', ...args]);
    assert.doesNotMatch(stdout + stderr, new RegExp(PASSWORD));
    return { code, output: stdout + stderr };
  };

  it('names all parts and nodes', async () => {
    const { code, output } = await doctor();
    assert.equal(code, 0, output);
    for (const part of ['catalog', 'ClickHouse shard 1 of 2', 'ClickHouse shard 2 of 2', 'spool', 'engine']) {
      assert.match(output, new RegExp(`^ok +${part} +answered in \\d+ ms$`, 'm'));
    }
    assert.match(output, /^ok +clock +a is \d\.\d s (ahead of|behind) PostgreSQL$/m);
    for (const node of ['a', 'ahead']) {
      assert.match(output, new RegExp(`^ok +node +${node}: \\d+\\.\\d+\\.\\d+, seen \\d\\.\\d s ago$`, 'm'));
    }
  });

  it('finds a wrong clock, and nodes that are late or of another version', async () => {
    const { code, output } = await doctor('--url', ahead.url);
    assert.equal(code, 1, output);
    assert.match(
      output,
      /^failed +clock +ahead is (599|600)\.\d s ahead of PostgreSQL\. Set the clocks of both by NTP/m,
    );
    const client = new pg.Client(cluster.environment.THENA_DATABASE_URL);
    await client.connect();
    const later = `insert into nodes (node_id, instance_id, version, started_at, seen_at)
      select 'late', 'x', '0.0.0', started_at, (extract(epoch from clock_timestamp()) * 1000)::bigint - 11000 from nodes where node_id = 'a'`;
    await client.query(later).finally(() => client.end());
    const late = await doctor();
    assert.equal(late.code, 1, late.output);
    assert.match(
      late.output,
      /^failed +node +late: 0\.0\.0, another version than a \(\d.*\), seen 1\d\.\d s ago: it is paused/m,
    );
  });

  it('says which server does not respond, and what to do', async () => {
    const [, shard] = cluster.servers.clickhouse.shards;
    await shard?.kill();
    try {
      const { code, output } = await doctor();
      assert.equal(code, 1, output);
      assert.match(output, /^failed +server .* has no response from ClickHouse shard 2 of 2$/m);
      assert.match(output, /^ok +ClickHouse shard 1 of 2/m);
      assert.match(output, /^failed +ClickHouse shard 2 of 2 .*ECONNREFUSED.*\(THENA_CLICKHOUSE_URL\)/m);
    } finally {
      await shard?.start();
    }
    await cluster.servers.postgres.kill();
    try {
      const { code, output } = await doctor();
      assert.equal(code, 1, output);
      assert.match(output, /^failed +catalog +The catalog database does not answer .*\(THENA_DATABASE_URL\)/m);
      assert.match(output, /^ok +spool/m);
      assert.doesNotMatch(output, /^\w+ +(clock|node) /m);
    } finally {
      await cluster.servers.postgres.start();
    }
    await until(async () => (await call(`${a.url}/readyz`)).status === 200);
  });
});

it('diagnostics are for the administrator only, also on one machine', async () => {
  const thena = await startThena({ THENA_ADMIN_KEY: KEY });
  try {
    const diagnostics = `${thena.url}/api/v1/diagnostics`;
    const { body } = await call(`${thena.url}/api/v1/customers`, { json: { id: 'c' }, headers: ADMIN });
    const customer = { authorization: `Bearer ${body.api_key.key}` };
    assert.equal((await call(diagnostics, { headers: customer })).body.code, 'key_lacks_right');
    assert.equal((await call(diagnostics)).body.code, 'key_missing');
    const { parts, cluster } = (await call(diagnostics, { headers: ADMIN })).body;
    assert.equal(cluster, null);
    assert.deepEqual(
      parts.map(({ name, problem }: { name: string; problem: string | null }) => [name, problem]),
      ['the catalog', 'the engine', 'the spool'].map((name) => [name, null]),
    );
  } finally {
    await thena.close();
  }
});
