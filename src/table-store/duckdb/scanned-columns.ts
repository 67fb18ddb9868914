import type { Column } from '../../model/columns.ts';
import { isTime } from '../sql/compile-condition.ts';
import type { Physical } from '../sql/physical-columns.ts';
import { DUCKDB } from './duckdb-dialect.ts';

/** A column as an `EngineValue`: times as microseconds. */
export function valueSql(column: Column, physical: Physical): string {
  const name = physical(column);
  return isTime(column.type) ? DUCKDB.micros(name, column.type) : DUCKDB.output(name, column.type);
}

/** A column as it is written to a Parquet file: timestamps are marked as UTC. */
export function parquetSql(column: Column, physical: Physical): string {
  const name = physical(column);
  // Parquet has no type for nulls only.
  if (column.type === 'unknown') return 'CAST(NULL AS VARCHAR)';
  return column.type === 'timestamp' ? `make_timestamptz(epoch_us(${name}))` : name;
}
