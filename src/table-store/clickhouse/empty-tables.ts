import { parseCustomerId, type TableId, type TableName } from '../../model/ids.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import { tablesOfCustomers } from './physical-table.ts';

/** Finds the tables that have no row on any shard, and that were not created or altered on any for so long. */
export async function emptyTables(servers: ClickhouseServers, unchangedMs: number): Promise<readonly TableName[]> {
  // Of tables without a file that defines them, the time is 0.
  const isIdle = `metadata_modification_time BETWEEN 1 AND now() - ${Math.ceil(unchangedMs / 1000)}`;
  const sql = `SELECT name, ifNull(total_rows, 1) = 0 AND ${isIdle} FROM system.tables WHERE ${tablesOfCustomers(servers.database)}`;
  const shards = await servers.onEach((shard) => shard.rows<[string, number]>(sql));
  const used = new Set(shards.flat().flatMap(([name, empty]) => (empty === 1 ? [] : [name])));
  const names = new Set(shards.flat().map(([name]) => name));
  return [...names.difference(used)].flatMap(tableOf);
}

/** @returns nothing if no table of Thena has such a name */
function tableOf(name: string): readonly TableName[] {
  const [, customer, tableId] = /^(.+)_([0-9a-f]{12})$/.exec(name) ?? [];
  const customerId = parseCustomerId(customer);
  return customerId === null || customerId !== customer ? [] : [{ customerId, tableId: tableId as TableId }];
}
