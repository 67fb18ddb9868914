import { type Column, TAG_COLUMN } from '../../model/columns.ts';
import { ROW_COLUMN } from '../../model/physical-columns.ts';
import { isQuantile, type Measure, type QueryPlan } from '../query-plan.ts';
import type { QuerySource } from '../sql/dialect.ts';
import { sampleEvery } from '../sql/samples.ts';
import { edgeSql, edgeValueSql } from './edge-values.ts';
import { microsSql } from './time-buckets.ts';

/** The message of a query that fails because a value cannot be represented. */
export const OUT_OF_RANGE = 'thena: out of range';

/** A measure of the rows of a group. */
export function measureSql(measure: Measure, source: QuerySource): string {
  const { fn, column, q, by } = measure;
  if (column === null) return 'count()';
  const value = source.physical(column);
  const extreme = isExtreme(column, source);
  switch (fn) {
    case 'count':
      return `count(${value})`;
    case 'count_distinct':
      return distinctSql(keySql(value, column), sampleEvery(measure, source.facts.samples));
    case 'sum':
      return sumSql(value, column);
    case 'avg':
      // The same sum as that of another measure, or of `checkSql`, is computed once.
      return `${sumSql(value, column)} / count(${value})`;
    case 'min':
      return extreme ? leastSql(value) : `min(${value})`;
    case 'max':
      return extreme ? `if(countIf(isNaN(${value})) > 0, nan, max(${value}))` : `max(${value})`;
    case 'median':
    case 'quantile':
      return quantileSql(measure, [Number(q ?? 0.5)], source);
    case 'stddev':
      return `if(count(${value}) < 2, NULL, ${deviationSql(`toFloat64(${value})`, extreme)})`;
    case 'first':
    case 'last':
      return edgeSql(fn, value, source.physical(by as Column), column.type);
  }
}

/** Whether a column may have extreme numbers. One that is known for them may have become integers or texts since. */
function isExtreme({ name, type }: Column, { facts }: QuerySource): boolean {
  return type === 'number' && facts.extremes.has(name);
}

/** Of integers, it does not overflow. */
function sumSql(value: string, { type }: Column): string {
  return type === 'integer' ? `sum(toInt128(${value}))` : `sum(${value})`;
}

/** The square of a large number is infinite, and makes a state without values NaN when both are merged: a list has one state. */
function deviationSql(value: string, extreme: boolean): string {
  return extreme ? `arrayReduce('stddevSampStable', groupArray(${value}))` : `stddevSampStable(${value})`;
}

/** What groups by, or counts, equal values: 0 is -0. */
export function keySql(value: string, { type }: Pick<Column, 'type'>): string {
  return type === 'number' ? `(${value} + 0.)` : value;
}

/** What `measureSql` returned, in the form of the result. */
export function measuredSql(value: string, { fn, column, type }: Measure): string {
  if (fn === 'first' || fn === 'last') return edgeValueSql(value, column?.type ?? type);
  return microsSql(value, type);
}

/** Quantiles of a column: a list, or a single one. */
export function quantileSql(measure: Measure, shares: readonly number[], source: QuerySource): string {
  const column = measure.column as Column;
  const every = sampleEvery(measure, source.facts.samples);
  const value = `toFloat64(${source.physical(column)})`;
  // One of `every` rows, whatever their values.
  const sampled = every === null ? null : `cityHash64(${TAG_COLUMN}, ${ROW_COLUMN}) % ${every} = 0`;
  const [suffix, args] = sampled === null ? ['', value] : ['If', `${value}, ${sampled}`];
  if (isExtreme(column, source)) {
    const sorted = `arraySort(groupArray${suffix}(${args}))`;
    const list = shares.map((share) => interpolatedSql(sorted, share));
    return list.length === 1 ? `${list[0]}` : `[${list.join(', ')}]`;
  }
  if (shares.length === 1) return `quantileExactInclusive${suffix}(${shares[0]})(${args})`;
  // Of no values, all quantiles are NaN.
  return `arrayMap(q -> if(isNaN(q), NULL, q), quantilesExactInclusive${suffix}(${shares.join(', ')})(${args}))`;
}

/** A quantile of sorted values, NaN last: ClickHouse's ignore NaN, and subtract infinities and numbers whose difference is infinite. */
function interpolatedSql(sorted: string, share: number): string {
  const place = `((length(${sorted}) - 1) * ${share})`;
  const at = (round: string) => `${sorted}[toUInt64(${round}(${place})) + 1]`;
  const rest = `(${place} - floor(${place}))`;
  const between = `${at('floor')} * (1 - ${rest}) + ${at('ceil')} * ${rest}`;
  return `multiIf(length(${sorted}) = 0, NULL, ${rest} = 0, ${at('floor')}, ${between})`;
}

/** The least number; NaN, which is greater than every other number, if there is no other value. */
function leastSql(value: string): string {
  return `ifNull(minIf(${value}, NOT isNaN(${value})), if(count(${value}) > 0, nan, NULL))`;
}

/** Counts one of `every` distinct values. */
function distinctSql(key: string, every: number | null): string {
  // Nullable values take a fifth more time.
  return every === null
    ? `uniqExactIf(assumeNotNull(${key}), ${key} IS NOT NULL)`
    : `uniqExactIf(${key}, cityHash64(${key}) % ${every} = 0) * ${every}`;
}

/**
 * A condition that ends a query with `OUT_OF_RANGE` if a deviation cannot be represented, or if a group has numbers for which its measures have to be
 * computed otherwise: `min` and `max` of NaN depend on the order of the rows, and of quantiles see `interpolatedSql`. Numbers with a finite sum are finite, and
 * if that of their absolute values is finite, so are their differences.
 */
export function checkSql({ measures }: Pick<QueryPlan, 'measures'>, source: QuerySource): string | null {
  const checks = measures.flatMap((measure) => {
    const { column, fn } = measure;
    if (column?.type !== 'number') return [];
    if (fn === 'stddev') return [isNotFinite(measureSql(measure, source))];
    if (isExtreme(column, source)) return [];
    const value = source.physical(column);
    if (isQuantile(measure)) return [isNotFinite(`sum(abs(${value}))`)];
    return fn === 'min' || fn === 'max' ? [isNotFinite(`sum(${value})`)] : [];
  });
  return checks.length === 0 ? null : `throwIf(${[...new Set(checks)].join(' OR ')}, '${OUT_OF_RANGE}') = 0`;
}

function isNotFinite(number: string): string {
  return `ifNull(NOT isFinite(${number}), false)`;
}
