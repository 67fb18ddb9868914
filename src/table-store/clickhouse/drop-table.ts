import type { ClickhouseShard } from './clickhouse-shard.ts';
import { ALL_TAGS, markEnded } from './ended-attempts.ts';
import { dropTableSql, OF_ANY_SIZE, type TableMaking } from './physical-table.ts';
import { endInserts } from './running-statements.ts';

/**
 * Deletes a table from a shard, once the inserts into it have ended. None begins afterwards, also if a suspended node creates the table
 * again. Succeeds if it does not exist.
 */
export async function dropTable(shard: ClickhouseShard, making: TableMaking, table: string): Promise<void> {
  await markEnded(shard, making, table, [ALL_TAGS]);
  await endInserts(shard, table, null);
  await shard.run(dropTableSql(table, making), { settings: OF_ANY_SIZE });
}
