import type { ColumnType } from '../../model/columns.ts';
import type { PlanValue } from '../query-plan.ts';
import type { Parameters } from '../sql/parameters.ts';

/** Binds a value. @returns its placeholder, cast to the type in which a column of `type` is stored */
export function placeholder(parameters: Parameters, value: PlanValue, type: ColumnType): string {
  // A parameter of another type would make DuckDB cast the column, so that it could not skip row groups.
  const bound = `$${parameters.add(value)}`;
  switch (type) {
    case 'unknown':
      throw new Error('nothing is compared with a column without values');
    case 'integer':
      return `CAST(${bound} AS ${typeof value === 'bigint' && !fitsWord(value) ? 'HUGEINT' : 'BIGINT'})`;
    case 'number':
      return `CAST(${bound} AS DOUBLE)`;
    case 'boolean':
      return `CAST(${bound} AS BOOLEAN)`;
    case 'date':
      return `CAST(make_timestamp(CAST(${bound} AS BIGINT)) AS DATE)`;
    case 'timestamp':
      return `make_timestamp(CAST(${bound} AS BIGINT))`;
    case 'text':
      return `CAST(${bound} AS VARCHAR)`;
  }
}

function fitsWord(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
