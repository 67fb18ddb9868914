import type { ClickhouseServers } from './clickhouse-servers.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { literal } from './clickhouse-sql.ts';
import {
  addColumnsSql,
  createTableSql,
  dropTableSql,
  isHiddenColumn,
  type TableMaking,
  TIME_INDEX,
  tablesOfCustomers,
} from './physical-table.ts';

/** Tables that are created at the same time. */
const CONCURRENT = 8;

/**
 * Creates on new shards the tables that the others have: reads through the cluster would fail without them. A table that a shard has lost is
 * none of these: an empty one in its place would hide that rows are missing.
 *
 * @param known the number of shards that are not new. They are the first ones
 */
export async function completeShards(servers: ClickhouseServers, known: number, making: TableMaking): Promise<void> {
  const where = `database = ${literal(servers.database)}`;
  const named = tablesOfCustomers(servers.database);
  const tables = await servers.onEach(async (shard) => {
    const rows = await shard.rows<[string]>(`SELECT name FROM system.tables WHERE ${named}`);
    return new Set(rows.map(([name]) => name));
  });
  const sources = new Map<string, ClickhouseShard>();
  for (const [index, shard] of servers.shards.slice(0, known).entries())
    for (const name of tables[index] ?? []) sources.set(name, shard);
  for (const [index, shard] of servers.shards.entries()) {
    if (index < known) continue;
    const waiting = [...sources];
    const copyNext = async (): Promise<void> => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        const [name, from] = next;
        // An earlier start may have created it, and uploads have widened it since on the other shards.
        const sqlOf = tables[index]?.has(name) ? addColumnsSql : createTableSql;
        await copyDefinition(from, shard, where, name, { making, sqlOf });
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, copyNext));
  }
}

async function copyDefinition(
  from: ClickhouseShard,
  to: ClickhouseShard,
  where: string,
  table: string,
  { making, sqlOf }: { readonly making: TableMaking; readonly sqlOf: typeof createTableSql },
): Promise<void> {
  const ofTable = `${where} AND table = ${literal(table)}`;
  const columns = await from.rows<[string, string]>(
    `SELECT name, type FROM system.columns WHERE ${ofTable} ORDER BY position`,
  );
  const [definition] = await from.rows<[string]>(
    `SELECT extract(create_table_query, 'INDEX ${TIME_INDEX}([a-z0-9_]+)') FROM system.tables WHERE ${ofTable}`,
  );
  const types = new Map(columns.filter(([name]) => !isHiddenColumn(name)));
  // Another node has dropped it.
  if (types.size === 0) return;
  await to.run(sqlOf(table, types, definition?.[0] || null, making));
  const [exists] = await from.rows<[string]>(
    `SELECT count() FROM system.tables WHERE ${where} AND name = ${literal(table)}`,
  );
  if (exists?.[0] === '0') await to.run(dropTableSql(table, making));
}
