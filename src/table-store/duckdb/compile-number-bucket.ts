import type { EqualBuckets, WidthBucket } from '../query-plan.ts';
import type { Range } from './ranges.ts';
import { stepSql } from './step-sql.ts';

/** Doubles are exact integers up to here. */
const MAX_EXACT = 2 ** 53;
/** The greatest power of ten that is a double. */
const MAX_DECIMALS = 22;

/** The number of the bucket of an integer: the quotient, rounded down. */
export function integerBucketSql(name: string, { width }: WidthBucket): string {
  return `(${name} // ${width} - CAST(${name} % ${width} < 0 AS BIGINT))`;
}

/** The lower bound of the bucket with a number, which may be below the least 64-bit integer. */
export function integerBoundSql(bucket: string, { width }: WidthBucket): string {
  return `CAST(${bucket} AS HUGEINT) * ${width}`;
}

/** The lower bound of the bucket of a double. */
export function doubleBucketSql(name: string, { width }: WidthBucket): string {
  const { digits, scale } = decimalOf(width);
  // Divided by the power of ten instead of multiplied by the width, so that 3 * 0.1 is 0.3.
  const bound = (index: string) => `(${index} * ${double(digits)} / ${double(scale)})`;
  const index = `floor(${name} / ${double(width)})`;
  // The quotient is rounded and may be off by one.
  const shift = `CASE WHEN ${bound(`(${index} + 1)`)} <= ${name} THEN 1 WHEN ${bound(index)} > ${name} THEN -1 ELSE 0 END`;
  const isFine = `abs(${name} / ${double(width)}) < ${double(MAX_EXACT)}`;
  return `CASE WHEN isfinite(${name}) AND ${isFine} THEN ${bound(`(${index} + ${shift})`)} + 0 ELSE ${name} END`;
}

/** A width as the integer of its digits and the power of ten that divides it. */
export function decimalOf(width: number): { readonly digits: number; readonly scale: number } {
  const [mantissa = '', exponent = '0'] = String(width).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const decimals = fraction.length - Number(exponent);
  const digits = Number(whole + fraction);
  if (decimals <= 0 || decimals > MAX_DECIMALS || digits >= MAX_EXACT) return { digits: width, scale: 1 };
  return { digits, scale: 10 ** decimals };
}

/** The lower or upper bound of the bucket of a number. */
export function equalBucketSql(
  name: string,
  type: 'integer' | 'number',
  { parts, edge }: EqualBuckets,
  range: Range | undefined,
): string {
  const bounds = range ? boundsOf(range, parts) : null;
  // Only NaN, infinities and nulls.
  if (!bounds) return name;
  const sql = (bound: bigint | number) => (type === 'integer' ? `CAST(${bound} AS HUGEINT)` : double(Number(bound)));
  const lowers = bounds.slice(0, -1);
  const steps = lowers.map((lower, index) => ({
    from: index === 0 ? null : sql(lower),
    sql: sql((edge === 'lower' ? lower : bounds[index + 1]) as bigint | number),
  }));
  const isNumber = type === 'integer' ? `${name} IS NOT NULL` : `isfinite(${name})`;
  return `CASE WHEN ${isNumber} THEN ${stepSql(name, steps)} ELSE ${name} END`;
}

/** The bounds of equal buckets, ascending: one more than there are buckets. Null if the range is empty. */
export function boundsOf({ least, greatest }: Range, parts: number): readonly (bigint | number)[] | null {
  if (typeof least === 'bigint' && typeof greatest === 'bigint') {
    const width = (greatest - least) / BigInt(parts) + 1n;
    const count = Number((greatest - least) / width) + 1;
    return Array.from({ length: count + 1 }, (_, index) => least + BigInt(index) * width);
  }
  if (typeof least !== 'number' || typeof greatest !== 'number') return null;
  const span = greatest - least;
  const bound = (index: number): number => {
    const offset = span * index;
    // Near the greatest double, two finite terms instead of an infinite one.
    if (!Number.isFinite(offset)) return least * (1 - index / parts) + greatest * (index / parts);
    return least + offset / parts;
  };
  const inner = Array.from({ length: parts - 1 }, (_, index) => bound(index + 1));
  const bounds = [least, ...inner.filter((each) => each > least && each < greatest)];
  // Neighbouring doubles may leave no room for all bounds.
  return [...new Set(bounds), greatest];
}

/** As text, which DuckDB reads exactly: a decimal literal would be a DECIMAL. */
function double(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}
