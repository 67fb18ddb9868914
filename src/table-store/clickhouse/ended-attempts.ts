import type { ClickhouseShard } from './clickhouse-shard.ts';
import { identifier, literal } from './clickhouse-sql.ts';
import { AT_ONCE, deleteRowsSql, endedTableSql, type TableMaking } from './physical-table.ts';

/** The table of attempts that have ended, on every shard. No customer's table has such a name. */
const ENDED = '_thena_ended';

/** Stands for all attempts at a table, which was dropped. No attempt has this tag. */
export const ALL_TAGS = 0;

/** A server that is suspended, or cut off, does not delay the others for longer. */
const LIMIT = { timeoutMs: 20_000 } as const;

/** Makes the table that inserts look at. */
export async function prepareEnded(shard: ClickhouseShard, making: TableMaking): Promise<void> {
  await shard.run(endedTableSql(ENDED, making), LIMIT);
}

/**
 * From now on, no insert of these attempts begins: neither one that a suspended node sends after its lease has passed to another one,
 * nor a request that has arrived and was not looked at yet.
 */
export async function markEnded(
  shard: ClickhouseShard,
  making: TableMaking,
  table: string,
  tags: readonly number[],
): Promise<void> {
  await prepareEnded(shard, making);
  const rows = tags.map((tag) => `(${literal(table)}, ${Number(tag)})`);
  await shard.run(
    `INSERT INTO ${identifier(ENDED)} (of_table, tag) SETTINGS async_insert = 0 VALUES ${rows.join(', ')}`,
    LIMIT,
  );
}

/** A condition of an insert: fails if the attempt has ended when the insert begins. */
export function unlessEnded(table: string, tag: number): string {
  const ended = `SELECT count() FROM ${identifier(ENDED)} WHERE of_table = ${literal(table)} AND tag IN (${ALL_TAGS}, ${tag})`;
  return `throwIf((${ended}) > 0, 'the attempt has ended') = 0`;
}

/** Lets all tags of a table be used again. No node may be running that used them before. */
export async function forgetEnded(shard: ClickhouseShard, making: TableMaking, table: string): Promise<void> {
  await prepareEnded(shard, making);
  const where = `of_table = ${literal(table)}`;
  const found = await shard.rows(`SELECT 1 FROM ${identifier(ENDED)} WHERE ${where} LIMIT 1`);
  if (found.length > 0) await shard.run(deleteRowsSql(ENDED, where, making), { settings: AT_ONCE });
}
