import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { upload } from '../server.ts';
import { type ClusterEnvironment, createCluster } from './create-cluster.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const CSV = 'at,n\n2024-01-01,1\n2024-01-02,2\n';

/** As docs/cluster.md describes it. */
describe('the spool of a cluster', { skip: NO_CLUSTER ?? false }, () => {
  let cluster: TestCluster;
  let own: ClusterEnvironment;
  let empty: string;
  before(async () => {
    cluster = await startCluster({ shards: 1 });
  });
  after(() => cluster.close());
  beforeEach(async () => {
    own = await createCluster(cluster.servers.addresses);
    empty = `${fileURLToPath(own.THENA_SPOOL_URL ?? '')}-empty`;
    mkdirSync(empty);
  });

  const start = (settings = {}) => cluster.startNode('a', { ...own, ...settings });
  const startOnEmpty = () => start({ THENA_SPOOL_URL: pathToFileURL(empty).href });

  it('cannot be an empty folder, such as one that is not mounted, once there is another', async () => {
    const node = await start();
    try {
      await assert.rejects(startOnEmpty(), {
        name: 'SettingError',
        message:
          /THENA_SPOOL_URL\) is not the spool of the catalog .*: it has no identity\. Is it mounted at this node\?/,
      });
      assert.equal((await upload(node.url, 'c', CSV)).body.status, 'complete');
    } finally {
      await node.close();
    }
    await (await start()).close();
  });

  it('cannot be that of another catalog, whose files are kept', async () => {
    await (await start()).close();
    const other = await createCluster(cluster.servers.addresses);
    const left = join(fileURLToPath(own.THENA_SPOOL_URL ?? ''), 'spool', '5d35622e-2a7c-43ed-a7c5-9f0f7e850a04.x');
    mkdirSync(left);
    await assert.rejects(cluster.startNode('a', { ...other, THENA_SPOOL_URL: own.THENA_SPOOL_URL ?? '' }), {
      name: 'SettingError',
      message: /it belongs to another catalog/,
    });
    assert.deepEqual(readdirSync(left), []);
  });

  it('is one, if two nodes start with different new ones at the same time', async () => {
    const other = pathToFileURL(empty).href;
    const starts = await Promise.allSettled([
      start({ THENA_NODE_ID: 'a' }),
      start({ THENA_NODE_ID: 'b', THENA_SPOOL_URL: other }),
    ]);
    assert.deepEqual(starts.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    for (const each of starts) if (each.status === 'fulfilled') await each.value.close();
  });

  it('can be replaced by an empty one by a statement', async () => {
    await (await start()).close();
    rmSync(fileURLToPath(own.THENA_SPOOL_URL ?? ''), { recursive: true });
    const client = new pg.Client(own.THENA_DATABASE_URL);
    await client.connect();
    await client.query('UPDATE catalog_identity SET spool_id = NULL').finally(() => client.end());
    await (await startOnEmpty()).close();
    await assert.rejects(start(), { name: 'SettingError' });
  });
});
