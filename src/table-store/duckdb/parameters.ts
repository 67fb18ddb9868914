import type { ColumnType } from '../../model/columns.ts';
import type { PlanValue } from '../query-plan.ts';

/** The values of a statement: bound, and never part of its text. */
export class Parameters {
  readonly values: PlanValue[] = [];

  /** @returns the placeholder of the value, cast to the type in which a column of `type` is stored */
  bind(value: PlanValue, type: ColumnType): string {
    this.values.push(value);
    // A parameter of another type would make DuckDB cast the column, so that it could not skip row groups.
    const placeholder = `$${this.values.length}`;
    switch (type) {
      case 'unknown':
        throw new Error('nothing is compared with a column without values');
      case 'integer':
        return `CAST(${placeholder} AS ${typeof value === 'bigint' && !fitsWord(value) ? 'HUGEINT' : 'BIGINT'})`;
      case 'number':
        return `CAST(${placeholder} AS DOUBLE)`;
      case 'boolean':
        return `CAST(${placeholder} AS BOOLEAN)`;
      case 'date':
        return `CAST(make_timestamp(CAST(${placeholder} AS BIGINT)) AS DATE)`;
      case 'timestamp':
        return `make_timestamp(CAST(${placeholder} AS BIGINT))`;
      case 'text':
        return `CAST(${placeholder} AS VARCHAR)`;
    }
  }
}

function fitsWord(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
