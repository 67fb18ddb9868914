import type { TableName } from '../../model/ids.ts';
import { storedIn } from '../../model/physical-columns.ts';
import type { TableStore } from '../table-store.ts';
import { ClickhouseLoad, type ClickhouseLoadDeps } from './clickhouse-load.ts';
import type { StoredTime } from './count-rows.ts';
import { deleteAttempts } from './delete-rows.ts';
import { dropTable } from './drop-table.ts';
import { emptyTables } from './empty-tables.ts';
import { namingMissing } from './missing-shards.ts';

/** The name of a table in ClickHouse. */
export function tableName({ customerId, tableId }: TableName): string {
  return `${customerId}_${tableId}`;
}

/** How rows get into tables on ClickHouse, and out of them. */
export function clickhouseLoads(
  deps: ClickhouseLoadDeps,
): Pick<TableStore, 'begin' | 'purge' | 'drop' | 'emptyTables'> {
  const { servers, making } = deps;
  return {
    async begin({ customerId, tableId, tag, columns, file, timeColumn, create }) {
      const type = columns.find(({ name }) => name === timeColumn)?.type;
      const isTime = type === 'date' || type === 'timestamp';
      const name = timeColumn !== null && isTime ? storedIn(columns, timeColumn, type) : null;
      const time: StoredTime | null = name !== null && isTime ? { name, type } : null;
      const into = file.columns.map((column) => storedIn(columns, column.name, column.format.type));
      const table = tableName({ customerId, tableId });
      return new ClickhouseLoad(deps, { table, tag, columns, file, into, time, create });
    },
    async purge(table, tags) {
      if (tags.length === 0) return;
      await servers.onEach((shard) => deleteAttempts(shard, making, tableName(table), tags));
    },
    async drop(table) {
      await namingMissing(servers, () => servers.onEach((shard) => dropTable(shard, making, tableName(table))));
    },
    emptyTables: (unchangedMs) => emptyTables(servers, unchangedMs),
  };
}
