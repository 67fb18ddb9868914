import type { WidthBucket } from '../query-plan.ts';
import type { Dialect } from './dialect.ts';
import type { Range } from './ranges.ts';

/** Doubles are exact integers up to here. */
const MAX_EXACT = 2 ** 53;
/** The greatest power of ten that is a double. */
const MAX_DECIMALS = 22;

/** The lower bound of the bucket of a double. */
export function doubleBucketSql(
  { double, finite }: Pick<Dialect, 'double' | 'finite'>,
  name: string,
  { width }: WidthBucket,
): string {
  const { digits, scale } = decimalOf(width);
  // Divided by the power of ten instead of multiplied by the width, so that 3 * 0.1 is 0.3.
  const bound = (index: string) => `(${index} * ${double(digits)} / ${double(scale)})`;
  const index = `floor(${name} / ${double(width)})`;
  // The quotient is rounded and may be off by one.
  const shift = `CASE WHEN ${bound(`(${index} + 1)`)} <= ${name} THEN 1 WHEN ${bound(index)} > ${name} THEN -1 ELSE 0 END`;
  const isFine = `abs(${name} / ${double(width)}) < ${double(MAX_EXACT)}`;
  return `CASE WHEN ${finite(name)} AND ${isFine} THEN ${bound(`(${index} + ${shift})`)} + 0 ELSE ${name} END`;
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
