import type { Column } from '../../model/columns.ts';
import type { Selection } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { visible } from './compile-query.ts';
import { Parameters } from './parameters.ts';
import type { Physical } from './physical-columns.ts';

/** Compiles a selection of rows to SQL conditions. */
export function compileScan(view: TableView, { where }: Selection, physical: Physical) {
  const parameters = new Parameters();
  return {
    visible: visible(view),
    where: where && compileCondition(where, physical, parameters),
    params: parameters.values,
  };
}

/** A column as an `EngineValue`: times as microseconds. */
export function valueSql(column: Column, physical: Physical): string {
  const name = physical(column);
  if (isTime(column.type)) return `epoch_us(CAST(${name} AS TIMESTAMP))`;
  // The package's decoder drops a U+FEFF at the start of a text, so it is given one more.
  return column.type === 'text' ? `chr(65279) || ${name}` : name;
}

/** A column as it is written to a Parquet file: timestamps are marked as UTC. */
export function parquetSql(column: Column, physical: Physical): string {
  const name = physical(column);
  // Parquet has no type for nulls only.
  if (column.type === 'unknown') return 'CAST(NULL AS VARCHAR)';
  return column.type === 'timestamp' ? `make_timestamptz(epoch_us(${name}))` : name;
}
