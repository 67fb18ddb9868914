import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, ended, put, type RunningThena, upload } from '../server.ts';
import { until } from '../until.ts';
import { ClusterContents } from './crash/cluster-contents.ts';
import { type Fault, type FaultProxy, faultProxy } from './fault-proxy.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const FIRST = 'at,n\n2024-01-01,1\n2024-01-02,2\n';
/** The column becomes number, and a row is rejected: the load starts over, in a column that is added. */
const WIDER = 'at,n\n2024-02-01,3.5\n2024-02-02,many\n2024-02-03,4\n';
const FAULTS: readonly Fault[] = ['answer_lost', 'bad_gateway', 159];

describe('whichever statement for ClickHouse fails', { skip: NO_CLUSTER ?? false }, () => {
  let cluster: TestCluster;
  let node: RunningThena;
  const proxies: FaultProxy[] = [];
  /** Of each customer, the statements about its table since its first upload. */
  const statements = new Map<string, string[]>();
  /** Of each customer, which of its statements fail, and how. */
  const planned = new Map<
    string,
    { readonly at: number; readonly fault: Fault; failing: string | null; left: number }
  >();

  function faultOf(shard: number, sql: string): Fault | null {
    const customer = /\b(c[0-9a-z]+x)_[0-9a-f]{12}\b/.exec(sql)?.[1] ?? '';
    const seen = statements.get(customer);
    if (seen === undefined) return null;
    const statement = `${shard} ${sql}`;
    seen.push(statement);
    const plan = planned.get(customer);
    if (plan === undefined || plan.left === 0 || seen.length <= plan.at) return null;
    if (plan.failing !== null && plan.failing !== statement) return null;
    plan.failing = statement;
    plan.left--;
    return plan.fault;
  }

  before(async () => {
    cluster = await startCluster();
    const urls = (cluster.environment.THENA_CLICKHOUSE_URL ?? '').split(',').map((url) => new URL(url));
    for (const [shard, url] of urls.entries()) {
      const proxy = await faultProxy(Number(url.port), (sql) => faultOf(shard, sql));
      proxies.push(proxy);
      url.port = `${proxy.port}`;
    }
    // All loads fail in the same moment, since none is started for seconds after one that could not reach a server.
    const settings = { THENA_CLICKHOUSE_URL: urls.join(','), THENA_CONCURRENT_LOADS: '64' };
    node = await cluster.startNode('only', settings);
  });
  after(async () => {
    await cluster.close();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  const begin = async (customer: string): Promise<void> => {
    const { body } = await upload(node.url, customer, FIRST);
    assert.equal(body.status, 'complete', JSON.stringify(body));
    statements.set(customer, []);
  };
  const append = async (customer: string) => {
    const sent = await put(node.url, customer, WIDER, {}, '?on_error=skip');
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    return ended(node.url, sent.body.id);
  };
  const daysOf = async (customer: string): Promise<string> => {
    const { body } = await call(`${node.url}/api/v1/customers/${customer}/table/export?format=csv`);
    return body.trim().split(/\r?\n/).slice(1).toSorted().join(' ');
  };

  it('an upload becomes rows once, can be undone, and leaves nothing', async () => {
    await begin('cnonex');
    await append('cnonex');
    const undisturbed = statements.get('cnonex') ?? [];
    assert.ok(undisturbed.length >= 8, undisturbed.join('\n'));
    const plans = FAULTS.flatMap((fault) => undisturbed.map((_, at) => ({ at, fault })));
    plans.push({ at: undisturbed.findIndex((sql) => /^\d INSERT/.test(sql)), fault: 'cut' });
    const customers = plans.map((plan, index) => {
      const customer = `c${index}x`;
      // A statement without records is repeated at once if its connection was lost.
      planned.set(customer, { ...plan, failing: null, left: plan.fault === 'answer_lost' ? 2 : 1 });
      return customer;
    });
    await Promise.all(customers.map(begin));
    const uploads = await Promise.all(customers.map(append));
    for (const [index, { status, error, receipt }] of uploads.entries()) {
      const plan = planned.get(customers[index] ?? '');
      assert.equal(status, 'complete', JSON.stringify([plan, error]));
      assert.deepEqual([receipt.appended, receipt.rejected], [2, 1], JSON.stringify(plan));
    }
    for (const customer of customers) {
      assert.ok(planned.get(customer)?.failing, `${customer}: nothing has failed`);
      const days = '2024-01-01,1.0 2024-01-02,2.0 2024-02-01,3.5 2024-02-03,4.0';
      assert.equal(await daysOf(customer), days, JSON.stringify(planned.get(customer)));
    }
    for (const { id } of uploads) {
      const undone = await call(`${node.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
      assert.equal(undone.body.status, 'undone', JSON.stringify(undone.body));
    }
    const contents = new ClusterContents(cluster.environment);
    const storedRows = async (customer: string): Promise<number> => {
      const counts = await contents.rows(`SELECT count() FROM merge(currentDatabase(), '^${customer}_')`);
      return counts.reduce((sum, [count]) => sum + Number(count), 0);
    };
    for (const customer of customers) {
      assert.equal(await daysOf(customer), '2024-01-01,1 2024-01-02,2');
      // Housekeeping deletes what is undone, and what a roll-back that failed has left.
      await until(async () => (await storedRows(customer)) === 2, 60_000);
    }
  });
});
