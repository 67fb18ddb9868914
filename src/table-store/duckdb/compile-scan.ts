import { identifier } from '../../engine/sql.ts';
import type { Column } from '../../model/columns.ts';
import type { Selection } from '../query-plan.ts';
import type { TableView } from '../table-store.ts';
import { compileCondition, isTime } from './compile-condition.ts';
import { visible } from './compile-query.ts';
import { Parameters } from './parameters.ts';

/** Which rows of a table are read, as SQL. */
export function compileScan(view: TableView, { where }: Selection) {
  const parameters = new Parameters();
  return {
    visible: visible(view),
    where: where && compileCondition(where, parameters),
    params: parameters.values,
  };
}

/** A column as a value that crosses the channel: times as microseconds. */
export function valueSql({ name, type }: Column): string {
  const column = identifier(name);
  if (isTime(type)) return `epoch_us(CAST(${column} AS TIMESTAMP))`;
  // The package's decoder drops a U+FEFF with which a text begins: it gets one to drop.
  return type === 'text' ? `chr(65279) || ${column}` : column;
}

/** A column as it stands in a Parquet file: times are moments in UTC, and said to be. */
export function parquetSql({ name, type }: Column): string {
  const column = identifier(name);
  return type === 'timestamp' ? `make_timestamptz(epoch_us(${column})) AS ${column}` : column;
}
