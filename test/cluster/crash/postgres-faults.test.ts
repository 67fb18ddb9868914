import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, put, type RunningThena, totalRows, WAIT } from '../../server.ts';
import { until } from '../../until.ts';
import { type PostgresFault, type PostgresProxy, postgresProxy } from '../postgres-proxy.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from '../start-cluster.ts';
import { ClusterContents } from './cluster-contents.ts';

const FAULTS: readonly PostgresFault[] = [
  'answer_lost',
  // deadlock_detected, which statements of other nodes may cause.
  { sqlState: '40P01' },
  'terminated',
  // query_canceled, by a timeout.
  { sqlState: '57014' },
  'message_lost',
];
/** A file and its undo are about 80 messages: two or three of them fail. */
const EVERY = 32;
const BROKEN = `select query from pg_stat_activity
  where datname = current_database() and state like 'idle in transaction%' and state_change < now() - interval '0.5 s'`;

/** What a node sends to PostgreSQL for a file fails in one place after the other, and in one way after the other, as does its work in the background. */
describe('a message to PostgreSQL that fails', { skip: NO_CLUSTER ?? false }, () => {
  let cluster: TestCluster;
  let contents: ClusterContents;
  let proxy: PostgresProxy;
  let node: RunningThena;
  before(async () => {
    cluster = await startCluster({ shards: 1 });
    contents = new ClusterContents(cluster.environment);
    proxy = await postgresProxy(cluster.environment.THENA_DATABASE_URL ?? '');
    node = await cluster.startNode('only', { THENA_DATABASE_URL: proxy.url });
  });
  after(async () => {
    await cluster.close();
    await proxy.close();
  });

  it('is not noticed: a file is loaded once, and undone', async (t) => {
    let failures = 0;
    for (let passed = 0; passed < EVERY; passed++) {
      const fault = FAULTS[passed % FAULTS.length] as PostgresFault;
      const customer = `c${passed}`;
      proxy.fail(fault, passed, EVERY);
      const { body } = await put(node.url, customer, 'at,n\n2024-01-01,1\n2024-01-02,2\n', WAIT);
      const rows = await totalRows(node.url, customer);
      const undone = await call(`${node.url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
      const where = JSON.stringify([fault, proxy.failed, body, undone.body]);
      assert.deepEqual([body.status, rows, undone.body.status], ['complete', 2, 'undone'], where);
      const kept = await contents.catalog('select status from uploads where customer_id = $1', [customer]);
      assert.deepEqual(kept, [{ status: 'undone' }], where);
      failures += proxy.failed.length;
    }
    t.diagnostic(`${failures} messages failed`);
    assert.ok(failures > EVERY);
    await until(async () => (await contents.catalog(BROKEN)).length === 0);
    await until(() => contents.spooled().length === 0);
    const noticed = node.observations.filter(({ kind }) => kind === 'background_failed' || kind === 'request_failed');
    assert.deepEqual(noticed, []);
  });
});
