import type { ColumnType } from '../../model/columns.ts';
import { microsSql } from './time-buckets.ts';

const SIGN = 2n ** 63n;

/**
 * An aggregate that finds the value of `first` or `last`: the least or greatest value in the rows with the least or greatest time. Both
 * are one number of 128 bits, except for texts: `argMax` of two columns takes four times as long as of one.
 */
export function edgeSql(fn: 'first' | 'last', value: string, time: string, type: ColumnType): string {
  const both = `${value} IS NOT NULL AND ${time} IS NOT NULL`;
  if (type === 'text') {
    const order = `(assumeNotNull(${time}), assumeNotNull(${value}))`;
    return `${fn === 'first' ? 'argMinIf' : 'argMaxIf'}(${value}, ${order}, ${both})`;
  }
  const pair = `bitShiftLeft(toInt128(${time}), 64) + ${ordinalSql(value, type)}`;
  return `${fn === 'first' ? 'min' : 'max'}(${pair})`;
}

/** The value that `edgeSql` found. Times are microseconds. */
export function edgeValueSql(found: string, type: ColumnType): string {
  if (type === 'text') return found;
  const ordinal = `toUInt64(${found})`;
  const integer = `reinterpretAsInt64(bitXor(${ordinal}, ${SIGN}))`;
  switch (type) {
    case 'number':
      return `reinterpretAsFloat64(if(${ordinal} >= ${SIGN}, bitXor(${ordinal}, ${SIGN}), bitNot(${ordinal})))`;
    case 'boolean':
      return `CAST(${integer} = 1, 'Nullable(Bool)')`;
    default:
      return microsSql(integer, type);
  }
}

/** An unsigned integer of 64 bits that orders values as they are ordered. NaN is the greatest number, and -0 is 0. */
function ordinalSql(value: string, type: ColumnType): string {
  if (type !== 'number') return `bitXor(reinterpretAsUInt64(toInt64(${value})), ${SIGN})`;
  const bits = `reinterpretAsUInt64(if(isNaN(${value}), nan, ${value} + 0.))`;
  return `if(${bits} >= ${SIGN}, bitNot(${bits}), bitXor(${bits}, ${SIGN}))`;
}
