import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { openClusterStores } from '../../src/cluster-stores.ts';
import { readConfig } from '../../src/config.ts';
import { engineInFolder } from '../engine/engine-in-folder.ts';
import { resultRows, upload } from '../server.ts';
import { clusterOfFirst } from './clickhouse-server.ts';
import { createCluster } from './create-cluster.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const CSV = 'at,n\n2024-01-01,1\n2024-01-02,2\n';
const SUM = { measures: [{ fn: 'sum', column: 'n', as: 'sum' }] };

/** As docs/cluster.md describes it. */
describe('a node of a cluster', { skip: NO_CLUSTER ?? false }, () => {
  let cluster: TestCluster;
  let urls: readonly string[];
  let hosts: readonly string[];
  before(async () => {
    cluster = await startCluster({ shards: 3 });
    urls = (cluster.environment.THENA_CLICKHOUSE_URL ?? '').split(',');
    hosts = urls.map((url) => new URL(url).host + new URL(url).pathname);
    const node = await cluster.startNode('a', listing(0, 1));
    assert.equal((await upload(node.url, 'c', CSV)).body.status, 'complete');
    await node.close();
  });
  after(() => cluster.close());

  /** The settings with some of the servers, in an order. */
  function listing(...places: readonly number[]) {
    const THENA_CLICKHOUSE_URL = places.map((place) => urls[place]).join(',');
    return { THENA_CLICKHOUSE_URL, THENA_CLICKHOUSE_CLUSTER: clusterOfFirst(places.length) };
  }

  it('refuses to start if the ClickHouse servers are listed in another order', async () => {
    const error = await refusal(cluster.startNode('a', listing(1, 0)));
    assert.match(error, new RegExp(`has the shards ${hosts[0]}, ${hosts[1]}, in this order`));
    assert.match(error, new RegExp(`Place 1: ${hosts[1]} is shard 2. Place 2: ${hosts[0]} is shard 1`));
  });

  it('refuses to start without one of the servers', async () => {
    const error = await refusal(cluster.startNode('a', listing(0)));
    assert.match(error, new RegExp(`Place 2: nothing is listed, and it was ${hosts[1]}`));
  });

  it('refuses to start with an empty server in the place of one that had tables', async () => {
    const other = await createCluster(cluster.servers.addresses);
    const [first = '', second = ''] = (other.THENA_CLICKHOUSE_URL ?? '').split(',');
    const settings = { ...listing(0, 1), THENA_CLICKHOUSE_URL: `${first},${second}` };
    const error = await refusal(cluster.startNode('a', settings));
    assert.match(
      error,
      new RegExp(`Place 1: ${new URL(first).host}/\\w+ is not the shard that was at ${hosts[0]}: it has no identity`),
    );
  });

  it('refuses to start with the tables of another catalog, and shows no password', async () => {
    const { THENA_DATABASE_URL = '' } = await createCluster(cluster.servers.addresses);
    const url = Object.assign(new URL(THENA_DATABASE_URL), { password: 'hush' }).href;
    const error = await refusal(cluster.startNode('a', { ...listing(0, 1), THENA_DATABASE_URL: url }));
    assert.match(error, new RegExp(`Place 1: ${hosts[0]} belongs to another catalog. Place 2: ${hosts[1]} belongs`));
    assert.match(error, /the catalog postgres:\/\/[^@]+ \(THENA_DATABASE_URL\), which has no shards yet/);
    assert.doesNotMatch(error, /hush/);
  });

  it('refuses to start on a new catalog with tables that have lost their identity', async () => {
    const other = await createCluster(cluster.servers.addresses);
    const node = await cluster.startNode('a', other);
    assert.equal((await upload(node.url, 'c', CSV)).body.status, 'complete');
    await node.close();
    for (const url of (other.THENA_CLICKHOUSE_URL ?? '').split(',')) {
      const { origin, pathname } = new URL(url);
      await fetch(origin, { method: 'POST', body: `DROP TABLE ${pathname.slice(1)}._thena_shard` });
    }
    const { THENA_DATABASE_URL = '' } = await createCluster(cluster.servers.addresses);
    const error = await refusal(cluster.startNode('a', { ...other, THENA_DATABASE_URL }));
    assert.match(error, /has tables of customers, but no identity/);
  });

  it('adds a server at the end while no other node is alive, after which none starts without it', async () => {
    const old = await cluster.startNode('old', listing(0, 1));
    const all = listing(0, 1, 2);
    const error = await refusal(cluster.startNode('new', all));
    assert.match(error, new RegExp(`new shards \\(${hosts[2]}\\), which these nodes do not know: old\\.`));
    assert.deepEqual(await resultRows(old.url, 'c', SUM), [[3]]);
    // The table gets another column meanwhile, which the new server needs as well.
    assert.equal((await upload(old.url, 'c', 'at,n\n2024-01-03,0.5\n')).body.status, 'complete');

    // It has checked the servers, and not registered yet.
    const early = await openStores(listing(0, 1));
    await old.close();
    const first = await cluster.startNode('new', all);
    try {
      const instance = { nodeId: 'early', instanceId: randomUUID() };
      await assert.rejects(early.stores.catalog.registerInstance(instance, false), /lacks shards/);
      assert.deepEqual(
        (await early.stores.catalog.nodes()).map(({ nodeId }) => nodeId),
        ['new'],
      );
    } finally {
      await early.close();
    }
    assert.deepEqual(await resultRows(first.url, 'c', SUM), [[3.5]]);
    const second = await cluster.startNode('second', all);
    for (let tag = 0; tag < 3; tag++) assert.equal((await upload(second.url, 'c', CSV)).body.status, 'complete');
    assert.deepEqual(await resultRows(first.url, 'c', SUM), [[12.5]]);
    assert.match(await refusal(cluster.startNode('old', listing(0, 1))), /Place 3: nothing is listed/);
  });

  async function openStores(settings: Readonly<Record<string, string>>) {
    const running = await engineInFolder();
    const config = readConfig({ ...cluster.environment, ...settings });
    assert.ok(config.cluster);
    const { exports } = running.storeSettings;
    const stores = await openClusterStores({
      cluster: config.cluster,
      engine: running.engine,
      exports,
      settings: config,
    });
    return {
      stores,
      async close() {
        await stores.close();
        await running.close();
      },
    };
  }
});

async function refusal(starting: Promise<unknown>): Promise<string> {
  const error = await starting.then(
    () => null,
    (refused: Error) => refused,
  );
  assert.equal(error?.name, 'SettingError', String(error));
  return error?.message ?? '';
}
