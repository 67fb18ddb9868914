import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { csvOf } from '../../crash/senders.ts';
import { assertTotalRows, whole } from '../../crash/settled.ts';
import { ended, put, type Reply, upload } from '../../server.ts';
import type { ClusterEnvironment } from '../create-cluster.ts';
import { NO_CLUSTER } from '../start-cluster.ts';
import { type Cut, type TcpProxy, tcpProxy } from '../tcp-proxy.ts';
import { ClusterContents } from './cluster-contents.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';

const ROWS = 60_000;
/** Is in the last packet of the body only. */
const END = `${ROWS - 1},`;

describe('an answer that is lost after the whole request', { skip: NO_CLUSTER ?? false }, () => {
  const proxies: TcpProxy[] = [];
  let crash: CrashCluster;
  let clients: TcpProxy;
  let postgres: TcpProxy;
  let shards: readonly TcpProxy[];
  before(async () => {
    const behindProxy = async (address: string): Promise<string> => {
      const url = new URL(address);
      const proxy = await tcpProxy(Number(url.port));
      proxies.push(proxy);
      url.port = `${proxy.port}`;
      return url.href;
    };
    crash = await startCrashCluster(async (environment: ClusterEnvironment) => ({
      THENA_DATABASE_URL: await behindProxy(environment.THENA_DATABASE_URL ?? ''),
      THENA_CLICKHOUSE_URL: (
        await Promise.all((environment.THENA_CLICKHOUSE_URL ?? '').split(',').map(behindProxy))
      ).join(','),
    }));
    const [first, ...others] = proxies;
    assert.ok(first);
    postgres = first;
    shards = others;
    clients = await tcpProxy(Number(new URL(crash.nodes[0].url ?? '').port));
    proxies.push(clients);
  });
  after(async () => {
    await crash.remove();
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });

  /** Sends a file, and again with the same key at the other node, then the first, until it is acknowledged. */
  async function sendUntilAcknowledged(customer: string, first: string): Promise<Reply> {
    const [a, b] = crash.urls();
    for (const url of [first, b, a, b, a, b]) {
      const headers = { 'idempotency-key': customer };
      const reply = await put(url ?? '', customer, csvOf(1, ROWS), headers).catch(() => null);
      if (reply?.status === 202) return reply;
      assert.ok(reply === null || reply.status === 503, JSON.stringify(reply?.body));
    }
    return assert.fail('never acknowledged');
  }

  async function assertOnce(customer: string, uploadId: string): Promise<void> {
    const [a = '', b = ''] = crash.urls();
    const { status, error } = await ended(b, uploadId);
    assert.equal(status, 'complete', JSON.stringify(error));
    const stored = await new ClusterContents(crash.cluster.environment).storedFiles(customer);
    assert.deepEqual(
      stored,
      new Map([
        [0, whole(1)],
        [1, whole(ROWS)],
      ]),
    );
    for (const url of [a, b]) await assertTotalRows(url, customer, ROWS + 1);
  }

  it('of a node to its client: the same key at the other node is the same upload', async () => {
    const [a = ''] = crash.urls();
    await upload(a, 'client', csvOf(0, 1));
    clients.cut('answer_lost', END, 1);
    const { body } = await sendUntilAcknowledged('client', `http://127.0.0.1:${clients.port}`);
    assert.equal(clients.cuts, 1);
    await assertOnce('client', body.id);
  });

  for (const how of ['answer_lost', 'message_lost', 'message_late'] satisfies Cut[]) {
    it(`of ClickHouse to an insert (${how}): its rows are stored once`, async () => {
      const [a = ''] = crash.urls();
      const customer = `shards-${how.replace('_', '-')}`;
      await upload(a, customer, csvOf(0, 1));
      const before = shards.map(({ cuts }) => cuts);
      for (const shard of shards) shard.cut(how, 'INSERT', 2);
      const { body } = await sendUntilAcknowledged(customer, a);
      await assertOnce(customer, body.id);
      assert.notDeepEqual(
        shards.map(({ cuts }) => cuts),
        before,
      );
    });

    it(`of PostgreSQL to a commit (${how}): the file is an upload once, and its rows are stored once`, async () => {
      const [a = ''] = crash.urls();
      const customer = `postgres-${how.replace('_', '-')}`;
      await upload(a, customer, csvOf(0, 1));
      const before = postgres.cuts;
      postgres.cut(how, 'commit', 8);
      const { body } = await sendUntilAcknowledged(customer, a);
      await assertOnce(customer, body.id);
      assert.ok(postgres.cuts > before);
    });
  }
});
