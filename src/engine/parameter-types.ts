import { BIGINT, BOOLEAN, DOUBLE, type DuckDBType, HUGEINT, VARCHAR } from '@duckdb/node-api';
import type { EngineValue } from './engine-value.ts';

/** Types of the values that are bound to a statement. Without them, the package would take 1e300 for an integer, and fail to bind it. */
export function parameterTypes(params: readonly Exclude<EngineValue, null>[]): DuckDBType[] {
  return params.map((param) => {
    if (typeof param === 'bigint') return BigInt.asIntN(64, param) === param ? BIGINT : HUGEINT;
    if (typeof param === 'number') return DOUBLE;
    return typeof param === 'boolean' ? BOOLEAN : VARCHAR;
  });
}
