import { TAG_COLUMN } from '../../model/columns.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { identifier } from './clickhouse-sql.ts';
import { markEnded } from './ended-attempts.ts';
import { AT_ONCE, deleteRowsSql, type TableMaking } from './physical-table.ts';
import { endInserts } from './running-statements.ts';

/** Deletes all rows of attempts from a shard. None of their inserts is stored later. Fails if the table does not exist. */
export async function deleteAttempts(
  shard: ClickhouseShard,
  making: TableMaking,
  table: string,
  tags: readonly number[],
): Promise<void> {
  await markEnded(shard, making, table, tags);
  await deleteRows(shard, making, table, tags, `${TAG_COLUMN} IN (${tags.map(Number).join(', ')})`);
}

/**
 * Deletes rows of attempts from a shard, once the attempts' inserts have ended. Costs next to nothing if there are no such rows. Fails if
 * the table does not exist: a detached one would have the rows again.
 *
 * @param where the rows, as a condition. They are rows of these tags
 */
export async function deleteRows(
  shard: ClickhouseShard,
  making: TableMaking,
  table: string,
  tags: readonly number[],
  where: string,
): Promise<void> {
  await endInserts(shard, table, tags);
  const found = await shard.rows(`SELECT 1 FROM ${identifier(table)} WHERE ${where} LIMIT 1`);
  if (found.length > 0) await shard.run(deleteRowsSql(table, where, making), { settings: AT_ONCE });
}
