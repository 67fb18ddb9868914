import { StorageFailure } from '../../model/storage-failure.ts';
import { visible } from '../sql/compile-query.ts';
import { GREATEST_EXACT, physicalColumns } from '../sql/physical-columns.ts';
import type { TableView } from '../table-store.ts';
import { CLICKHOUSE } from './clickhouse-dialect.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import type { StatementSettings } from './clickhouse-shard.ts';
import { writtenInteger } from './converted.ts';
import { endOf } from './read-failure.ts';
import { readRows } from './reading.ts';

/** Looks on each shard for an integer that is written in other digits as a 64-bit float. @param table its quoted name */
export async function keepsIntegersAsNumbers(
  servers: ClickhouseServers,
  table: string,
  settings: StatementSettings,
  view: TableView,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const value = physicalColumns(view.columns, CLICKHOUSE)({ name });
  const isLarge = `(${value} > ${GREATEST_EXACT} OR ${value} < -${GREATEST_EXACT})`;
  const isChanged = `${writtenInteger(`toFloat64(${value})`)} <> ${value}`;
  const sql = `SELECT count() FROM ${table} WHERE ${visible(view)} AND ${isLarge} AND ${isChanged}`;
  const kept = await servers.onEach(async (shard) => {
    try {
      const [row] = await readRows(shard, { sql, params: [], settings }, signal);
      return row?.[0] === '0';
    } catch (error) {
      const end = endOf(error, signal, signal);
      if (end === 'cancelled' || end === 'no_table') throw error;
      // Counting takes next to no memory, and has no deadline: the file that needs it is not to blame.
      throw new StorageFailure('unavailable', `the integers could not be checked: ${end}`);
    }
  });
  return kept.every((isKept) => isKept);
}
