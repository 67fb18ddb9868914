import { TAG_COLUMN } from '../../model/columns.ts';
import { ROW_COLUMN } from '../../model/physical-columns.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { LoadSummary } from '../table-store.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import { identifier } from './clickhouse-sql.ts';

const DAY_MICROS = 86_400_000_000n;

export interface StoredTime {
  /** The stored column. */
  readonly name: string;
  readonly type: 'date' | 'timestamp';
}

type Row = readonly [count: string, places: string, earliest: string | number | null, latest: string | number | null];

/**
 * Counts the rows of an attempt on each shard.
 *
 * @param expected the number of rows that the shards have confirmed
 * @throws StorageFailure if these are not the rows that they hold, each of them once
 */
export async function countRows(
  servers: ClickhouseServers,
  table: string,
  tag: number,
  time: StoredTime | null,
  expected: number,
): Promise<LoadSummary> {
  const times = time === null ? 'NULL, NULL' : `min(${time.name}), max(${time.name})`;
  const sql = `SELECT count(), sum(${ROW_COLUMN}), ${times} FROM ${identifier(table)} WHERE ${TAG_COLUMN} = ${tag}`;
  const counts = (await servers.onEach((shard) => shard.rows<Row>(sql))).flat();
  const rows = counts.reduce((sum, [count]) => sum + Number(count), 0);
  const places = counts.reduce((sum, [, each]) => sum + BigInt(each), 0n);
  // By the number of rows alone, one that is there twice would make up for one that is missing.
  if (rows !== expected || places !== (BigInt(rows) * BigInt(rows - 1)) / 2n) {
    const message = `ClickHouse confirmed ${expected} rows of attempt ${tag} in ${table}, and holds ${rows}, not each of them once`;
    throw new StorageFailure('io_error', message);
  }
  const unit = time?.type === 'date' ? DAY_MICROS : 1n;
  const micros = (values: readonly (string | number | null)[]): readonly bigint[] =>
    values.flatMap((value) => (value === null ? [] : [BigInt(value) * unit])).sort((a, b) => (a < b ? -1 : 1));
  return {
    rows,
    earliestAt: micros(counts.map(([, , earliest]) => earliest)).at(0) ?? null,
    latestAt: micros(counts.map(([, , , latest]) => latest)).at(-1) ?? null,
  };
}
