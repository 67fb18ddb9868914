import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { CLUSTER, NO_CLICKHOUSE, ODD_PROFILE, startClickhouse } from '../cluster/clickhouse-server.ts';
import { clickhouseStore } from '../cluster/clickhouse-store.ts';
import { engineInFolder } from '../engine/engine-in-folder.ts';
import { tableStoreContract } from './table-store-contract.ts';

/** Deletions have the profile of the server, which must not cut off rows. */
const { limit: _, offset: __, additional_result_filter: ___, ...PROFILE } = ODD_PROFILE;

for (const shards of [1, 2]) {
  tableStoreContract(
    shards === 1 ? 'ClickHouse' : `ClickHouse with ${shards} shards`,
    async () => {
      const started = await startClickhouse({ shards, profile: shards === 1 ? PROFILE : {} });
      const running = await engineInFolder();
      const servers = new ClickhouseServers({ urls: started.urls, cluster: shards === 1 ? null : CLUSTER });
      return {
        store: clickhouseStore(servers, running),
        source: running.source,
        async close() {
          await servers.close();
          await running.close();
          await started.remove();
        },
      };
    },
    NO_CLICKHOUSE,
  );
}
