import type { EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import { visible } from '../sql/compile-query.ts';
import { GREATEST_EXACT, physicalColumns } from '../sql/physical-columns.ts';
import type { TableView } from '../table-store.ts';
import { writtenInteger } from './converted.ts';
import { DUCKDB } from './duckdb-dialect.ts';

/** Looks for an integer that is written in other digits as a 64-bit float. */
export async function keepsIntegersAsNumbers(
  engine: EngineClient,
  database: string,
  view: TableView,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const value = physicalColumns(view.columns, DUCKDB)({ name });
  // DuckDB skips row groups without large ones.
  const isLarge = `(${value} > ${GREATEST_EXACT} OR ${value} < -${GREATEST_EXACT})`;
  const isChanged = `${writtenInteger(`CAST(${value} AS DOUBLE)`)} <> ${value}`;
  const sql = `SELECT count(*) FROM ${tableName(database)} WHERE ${visible(view)} AND ${isLarge} AND ${isChanged}`;
  const result = await engine.call('query', { database, sql, params: [], maxRows: 1, maxBytes: 1024 }, { signal });
  if (result.kind === 'no_table') return true;
  if (result.kind !== 'rows')
    throw new StorageFailure('out_of_memory', `the integers could not be checked: ${result.kind}`);
  return result.rows[0]?.[0] === 0n;
}
