import { identifier } from '../../engine/sql.ts';
import type { Column } from '../../model/columns.ts';
import type { Selection } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { visible } from './compile-query.ts';
import { Parameters } from './parameters.ts';

/** Compiles a selection of rows to SQL conditions. */
export function compileScan(view: TableView, { where }: Selection) {
  const parameters = new Parameters();
  return {
    visible: visible(view),
    where: where && compileCondition(where, parameters),
    params: parameters.values,
  };
}

/** A column as an `EngineValue`: times as microseconds. */
export function valueSql({ name, type }: Column): string {
  const column = identifier(name);
  if (isTime(type)) return `epoch_us(CAST(${column} AS TIMESTAMP))`;
  // The package's decoder drops a U+FEFF at the start of a text, so it is given one more.
  return type === 'text' ? `chr(65279) || ${column}` : column;
}

/** A column as it is written to a Parquet file: timestamps are marked as UTC. */
export function parquetSql({ name, type }: Column): string {
  const column = identifier(name);
  return type === 'timestamp' ? `make_timestamptz(epoch_us(${column})) AS ${column}` : column;
}
