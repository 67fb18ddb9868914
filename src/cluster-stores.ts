import { setTimeout as wait } from 'node:timers/promises';
import { openPostgresCatalog } from './catalog/postgres/open-postgres.ts';
import { type ClusterSettings, isReplicated } from './cluster-settings.ts';
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
  const catalog = await prepareServers(servers, making)
    .then(() => openPostgresCatalog(cluster.databaseUrl, { application: `thena ${settings.nodeId}` }))
    .catch(async (error: unknown) => {
      await servers.close();
      throw error;
    });
  return {
    catalog,
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
    checks: {
      'the catalog': () => catalog.ping(),
      ...Object.fromEntries(
        servers.shards.map((shard, index) => [
          servers.labelOf(index),
          (signal: AbortSignal) => shard.rows('SELECT 1', { signal }),
        ]),
      ),
    },
    async close() {
      await catalog.close();
      await servers.close();
    },
  };
}

/** Checks the servers, and creates the tables that a new shard lacks. */
async function prepareServers(servers: ClickhouseServers, making: TableMaking): Promise<void> {
  for (const until = performance.now() + START_MS; ; await wait(START_PAUSE_MS)) {
    try {
      await checkServers(servers, making);
      return await completeShards(servers, making);
    } catch (error) {
      if (!(error instanceof StorageFailure)) throw error;
      if (error.reason === 'unavailable' && performance.now() < until) continue;
      throw new SettingError(`ClickHouse (THENA_CLICKHOUSE_URL) cannot be used: ${error.message}`, { cause: error });
    }
  }
}
