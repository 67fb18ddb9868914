import type { LogicalType } from '../../model/columns.ts';
import type { PlanValue } from '../query-plan.ts';

/** Values of a statement, bound and never part of its text. */
export class Parameters {
  readonly values: PlanValue[] = [];

  /** @returns what stands for the value in the statement, in the type that a column of `type` is stored in */
  bind(value: PlanValue, type: LogicalType): string {
    this.values.push(value);
    // With a type of its own a parameter would widen the column, and no row group could be skipped.
    const placeholder = `$${this.values.length}`;
    switch (type) {
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
