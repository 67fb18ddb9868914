import type { TableStore } from '../table-store.ts';
import type { ClickhouseLoadDeps } from './clickhouse-load.ts';
import { clickhouseLoads } from './clickhouse-loads.ts';
import { type ClickhouseReadDeps, clickhouseReads } from './clickhouse-reads.ts';

/** Stores each table on ClickHouse, as one table on every shard. */
export function clickhouseTableStore(deps: ClickhouseLoadDeps & ClickhouseReadDeps): TableStore {
  return { ...clickhouseLoads(deps), ...clickhouseReads(deps) };
}
