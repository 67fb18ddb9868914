import { setTimeout as wait } from 'node:timers/promises';
import type { Catalog } from './catalog/catalog.ts';
import { DEAD_AFTER_MS } from './catalog/node.ts';
import { openPostgresCatalog } from './catalog/postgres/open-postgres.ts';
import { type ClusterSettings, isReplicated, withoutSecrets } from './cluster-settings.ts';
import type { Config } from './config.ts';
import type { EngineClient } from './engine/engine-client.ts';
import { StorageFailure } from './model/storage-failure.ts';
import { SettingError } from './setting-error.ts';
import type { Stores } from './stores.ts';
import { checkServers } from './table-store/clickhouse/check-servers.ts';
import { ClickhouseServers } from './table-store/clickhouse/clickhouse-servers.ts';
import { clickhouseTableCopies } from './table-store/clickhouse/clickhouse-table-copies.ts';
import { clickhouseTableStore } from './table-store/clickhouse/clickhouse-table-store.ts';
import { completeShards } from './table-store/clickhouse/complete-shards.ts';
import type { TableMaking } from './table-store/clickhouse/physical-table.ts';
import { markShards, requireShards, shardNames } from './table-store/clickhouse/shard-identity.ts';

/** How long a start waits for servers that are being started, too. */
const START_MS = 10_000;
const START_PAUSE_MS = 250;

export interface ClusterStoresDeps {
  readonly cluster: ClusterSettings;
  readonly engine: EngineClient;
  /** The folder for rewritten segments, and of files that are sent once. */
  readonly exports: string;
  readonly settings: Pick<Config, 'nodeId' | 'diskReserveBytes'>;
}

/** Connects to the servers of a cluster. @throws SettingError if one of them is not as needed */
export async function openClusterStores({ cluster, engine, exports, settings }: ClusterStoresDeps): Promise<Stores> {
  const onCluster = isReplicated(cluster.clickhouseEngine) ? cluster.clickhouseCluster : null;
  const making = { engine: cluster.clickhouseEngine, onCluster };
  const servers = new ClickhouseServers({ urls: cluster.clickhouseUrls, cluster: cluster.clickhouseCluster });
  const closing: (() => Promise<void>)[] = [() => servers.close()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    await whenReachable(() => checkServers(servers, making));
    const catalog = await openPostgresCatalog(cluster.databaseUrl, { application: `thena ${settings.nodeId}` });
    closing.push(() => catalog.close());
    await takeShards(catalog, withoutSecrets(cluster.databaseUrl), servers, making);
    return {
      catalog: { ...catalog, registerInstance: registeringOnShards(catalog, servers) },
      tables: clickhouseTableStore({
        servers,
        making,
        engine,
        tempDirectory: exports,
        exports,
        reserveBytes: settings.diskReserveBytes,
        queryMemoryBytes: null,
      }),
      copies: clickhouseTableCopies(servers, making),
      checks: Object.fromEntries(
        servers.shards.map((shard, index) => [
          servers.labelOf(index),
          (signal: AbortSignal) => shard.rows('SELECT 1', { signal }),
        ]),
      ),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Makes sure that the servers are the shards that the catalog knows. New ones at the end of the list are recorded, which needs all other
 * nodes to be stopped: one that does not know a shard would leave rows of failed uploads there. They get the tables of the others before.
 *
 * @throws SettingError that says what differs, or which nodes are running
 */
async function takeShards(
  catalog: Catalog,
  catalogName: string,
  servers: ClickhouseServers,
  making: TableMaking,
): Promise<void> {
  const expected = { ...(await catalog.knownShards()), catalogName };
  const names = shardNames(servers);
  await whenReachable(() => requireShards(servers, expected, making));
  if (names.join() !== expected.names.join()) {
    const added = expected.names.length === 0 ? [] : names.slice(expected.names.length);
    // Before anything is created: a node that runs may create more tables until it stops.
    const isAlive = ({ seenMs }: { readonly seenMs: number }): boolean => Math.abs(seenMs) < DEAD_AFTER_MS;
    if (added.length > 0)
      refuseUnaware(
        (await catalog.nodes()).filter(isAlive).map(({ nodeId }) => nodeId),
        added,
      );
    // In this order: a server whose place is recorded and that has no identity was replaced by an empty one.
    await whenReachable(() => markShards(servers, expected));
    // Before they are recorded, so that it is done again if it is interrupted.
    await whenReachable(() => completeShards(servers, expected.names.length, making));
    const nodes = await catalog.recordShards(names, DEAD_AFTER_MS);
    refuseUnaware(nodes, added);
  }
}

/** @throws SettingError if there are nodes, which do not know the new shards */
function refuseUnaware(nodes: readonly string[], added: readonly string[]): void {
  if (nodes.length === 0) return;
  throw new SettingError(
    `THENA_CLICKHOUSE_URL has new shards (${added.join(', ')}), which these nodes do not know: ${nodes.join(', ')}. Stop them first. One that was killed counts as running for ${DEAD_AFTER_MS / 1000} seconds.`,
  );
}

/** A node that registers knows all shards: one may have been added since they were checked, by a node that saw no other alive. */
function registeringOnShards(catalog: Catalog, servers: ClickhouseServers): Catalog['registerInstance'] {
  return async (instance, ...registration) => {
    await catalog.registerInstance(instance, ...registration);
    const { names } = await catalog.knownShards();
    if (names.length === servers.shards.length) return;
    await catalog.removeInstance(instance);
    throw new SettingError(
      `THENA_CLICKHOUSE_URL lacks shards that another node has added at this moment: ${names.slice(servers.shards.length).join(', ')}.`,
    );
  };
}

/** Waits for servers that are being started, too. @throws SettingError if they cannot be used */
async function whenReachable(work: () => Promise<void>): Promise<void> {
  for (const until = performance.now() + START_MS; ; await wait(START_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageFailure)) throw error;
      if (error.reason === 'unavailable' && performance.now() < until) continue;
      throw new SettingError(`ClickHouse (THENA_CLICKHOUSE_URL) cannot be used: ${error.message}`, { cause: error });
    }
  }
}
