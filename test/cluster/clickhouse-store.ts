import type { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { clickhouseTableStore } from '../../src/table-store/clickhouse/clickhouse-table-store.ts';
import type { TableStore } from '../../src/table-store/table-store.ts';
import type { EngineInFolder } from '../engine/engine-in-folder.ts';

/** The table store of servers without replication. */
export function clickhouseStore(
  servers: ClickhouseServers,
  { engine, storeSettings: { exports, reserveBytes } }: EngineInFolder,
): TableStore {
  return clickhouseTableStore({
    servers,
    making: { engine: 'MergeTree', onCluster: null },
    engine,
    tempDirectory: exports,
    exports,
    reserveBytes,
    queryMemoryBytes: null,
  });
}
