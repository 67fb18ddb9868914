import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SettingError } from '../../../src/setting-error.ts';
import { checkServers } from '../../../src/table-store/clickhouse/check-servers.ts';
import { ClickhouseServers } from '../../../src/table-store/clickhouse/clickhouse-servers.ts';
import {
  asNode,
  CLUSTER,
  clusterOfFirst,
  LOCKED_CLUSTER,
  NO_CLICKHOUSE,
  startClickhouse,
  type ClickhouseServers as TestServers,
} from '../../cluster/clickhouse-server.ts';
import { faultProxy } from '../../cluster/fault-proxy.ts';
import { freePort } from '../../free-port.ts';

const MERGE_TREE = { engine: 'MergeTree', onCluster: null };

describe('the check of ClickHouse at start', { skip: NO_CLICKHOUSE ?? false }, () => {
  let running: TestServers;
  before(async () => {
    running = await startClickhouse({ shards: 2 });
  });
  after(() => running.remove());

  const [first, second] = [() => running.urls[0] ?? '', () => running.urls[1] ?? ''];
  const check = async (urls: readonly string[], cluster: string | null, making = MERGE_TREE): Promise<void> => {
    const servers = new ClickhouseServers({ urls, cluster });
    await checkServers(servers, making).finally(() => servers.close());
  };
  const refused = (urls: readonly string[], cluster: string | null, says: RegExp, making = MERGE_TREE) =>
    assert.rejects(check(urls, cluster, making), (error: Error) => {
      assert(error instanceof SettingError, String(error));
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });

  const run = async (sql: string): Promise<void> => {
    const servers = new ClickhouseServers({ urls: running.urls, cluster: CLUSTER });
    await servers.onEach((shard) => shard.run(sql)).finally(() => servers.close());
  };

  it('passes for one server and for the shards of a cluster, and leaves nothing behind', async () => {
    await check([first()], null);
    await check([first(), second()], CLUSTER);
    const servers = new ClickhouseServers({ urls: running.urls, cluster: CLUSTER });
    assert.deepEqual(await servers.onEach((shard) => shard.rows("SHOW TABLES NOT LIKE '\\_thena\\_ended'")), [[], []]);
    await servers.close();
  });

  it('can be repeated while a server is overloaded, whichever statement it does not execute', async () => {
    let failing: string | null = null;
    const faultOf = (sql: string) => (failing !== null && sql.startsWith(failing) ? 745 : null);
    const proxy = await faultProxy(Number(new URL(first()).port), faultOf);
    const behind = [`http://127.0.0.1:${proxy.port}`];
    for (failing of ['SELECT version', 'CREATE TABLE', 'ALTER', 'INSERT', 'SELECT count() FROM system', 'DELETE']) {
      await assert.rejects(check(behind, null), { name: 'StorageFailure', reason: 'unavailable' }, failing);
    }
    failing = null;
    await check(behind, null);
    await proxy.close();
  });

  it('refuses a cluster that does not consist of the servers', async () => {
    await refused([first(), second()], 'nothing', /knows no cluster 'nothing'/);
    await refused([first()], CLUSTER, /has 2 shards\. THENA_CLICKHOUSE_URL needs one URL for each, and has 1\./);
    await refused([first(), second()], clusterOfFirst(1), /lacks 127\.0\.0\.1:\d+\./);
  });

  it('passes for a user who has the rights that the documentation asks for', async () => {
    await run('CREATE DATABASE thena');
    await check(
      running.urls.map((url) => asNode(url, 'thena')),
      CLUSTER,
    );
  });

  it('refuses a user who may not log in, or may not make tables', async () => {
    const url = (user: string): string => first().replace('//', `//${user}:secret@`);
    await refused([url('nobody')], null, /refuses the user or the password/);
    await refused([url('default')], null, /refuses the user or the password/);
    await run('CREATE DATABASE other');
    await refused([asNode(first(), 'other')], null, /lacks rights .* SELECT on system\.processes .*grant CREATE TABLE/);
  });

  it('refuses a server at once whose certificate is not trusted, or that has none', async () => {
    const certificate = readFileSync(fileURLToPath(new URL('../../fixtures/self-signed.pem', import.meta.url)));
    const proxy = createServer({ key: certificate, cert: certificate }, (_, response) => response.end('26.7')).listen(
      0,
      'localhost',
    );
    await once(proxy, 'listening');
    const url = `https://thena:secret@localhost:${(proxy.address() as AddressInfo).port}`;
    await refused([url], null, /certificate is not trusted \(self-signed certificate\).*NODE_EXTRA_CA_CERTS/);
    proxy.close();
    await refused([first().replace('http:', 'https:')], null, /does not answer with TLS/);
  });

  it('refuses a database that does not exist, and an engine that the server cannot use', async () => {
    await refused([`${first()}/missing`], null, /lacks the database/);
    await refused([first()], null, /cannot hold tables of Thena/, { engine: 'NoSuchEngine', onCluster: null });
  });

  it('fails if a server does not answer, and names it', async () => {
    const port = await freePort();
    await assert.rejects(
      check([`http://user:secret@127.0.0.1:${port}`], null),
      (error: Error & { reason?: string }) => {
        assert.equal(error.reason, 'unavailable');
        assert.match(error.message, new RegExp(`127.0.0.1:${port} does not answer`));
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });

  // The last one: the library of ClickHouse ends when it is refused like that.
  it('says that servers have wrong passwords of each other', async () => {
    await refused(
      [first(), second()],
      LOCKED_CLUSTER,
      /cannot read from all servers .* passwords in its remote_servers/,
    );
  });
});
