import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { CLUSTER, NO_CLICKHOUSE, startClickhouse } from '../cluster/clickhouse-server.ts';
import { clickhouseStore } from '../cluster/clickhouse-store.ts';
import { engineInFolder } from '../engine/engine-in-folder.ts';
import { tableStoreContract } from './table-store-contract.ts';

for (const shards of [1, 2]) {
  tableStoreContract(
    shards === 1 ? 'ClickHouse' : `ClickHouse with ${shards} shards`,
    async () => {
      const started = await startClickhouse({ shards });
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
