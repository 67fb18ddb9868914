import type { Column, ColumnType } from '../../model/columns.ts';
import type { Measure, PlanValue } from '../query-plan.ts';
import { isTime } from '../sql/compile-condition.ts';
import type { Dialect } from '../sql/dialect.ts';
import type { Parameters } from '../sql/parameters.ts';
import { type Samples, sampleEvery } from '../sql/samples.ts';
import { compileLike } from './compile-like.ts';
import { converted } from './converted.ts';
import { withEdges } from './edges.ts';
import { doubleSql } from './number-text.ts';
import { placeholder } from './placeholder.ts';
import { stepSql } from './step-sql.ts';
import { bucketStart, timeBucket } from './time-buckets.ts';

/** DuckDB's SQL. Times are DATE and TIMESTAMP. */
export const DUCKDB: Dialect = {
  noValue: 'CAST(NULL AS DOUBLE)',
  neither: 'CAST(NULL AS BOOLEAN)',
  converted,
  micros: microsSql,
  double: doubleSql,
  finite: (number) => `isfinite(${number})`,
  compare: (operand, op, value, type, parameters) => `(${operand} ${op} ${placeholder(parameters, value, type)})`,
  isIn(operand: string, values: readonly PlanValue[], type: ColumnType, parameters: Parameters) {
    return `(${operand} IN (${values.map((value) => placeholder(parameters, value, type)).join(', ')}))`;
  },
  like: compileLike,
  key: (value) => value,
  integerBucket: (value, width) => `(${value} // ${width} - CAST(${value} % ${width} < 0 AS BIGINT))`,
  integerBound: (bucket, width) => `CAST(${bucket} AS HUGEINT) * ${width}`,
  equalBucket(value, type, bounds, edge) {
    const sql = (bound: bigint | number) =>
      type === 'integer' ? `CAST(${bound} AS HUGEINT)` : DUCKDB.double(Number(bound));
    const lowers = bounds.slice(0, -1);
    const steps = lowers.map((lower, index) => ({
      from: index === 0 ? null : sql(lower),
      sql: sql((edge === 'lower' ? lower : bounds[index + 1]) as bigint | number),
    }));
    const isNumber = type === 'integer' ? `${value} IS NOT NULL` : DUCKDB.finite(value);
    return `CASE WHEN ${isNumber} THEN ${stepSql(value, steps)} ELSE ${value} END`;
  },
  timeBucket: (time, _, bucket, range) => timeBucket(time, bucket, range),
  bucketStart: (value, _, bucket, range) => bucketStart(value, bucket, range),
  measure: (measure, { physical, facts }) => measureSql(measure, physical, facts.samples),
  quantiles: (measure, shares, { physical, facts }) =>
    `quantile_cont(${physical(measure.column as Column)}, [${shares.map(share).join(', ')}])${rowSample(measure, facts.samples)}`,
  measured(value, { type }) {
    // An element of a list of quantiles; a single one is a DOUBLE.
    if (value.endsWith(']')) return `CAST(${value} AS DOUBLE)`;
    return isTime(type) ? microsSql(value) : value;
  },
  completed: (rows, plan, source) =>
    plan.measures.some(({ by }) => by) ? withEdges(DUCKDB, rows, plan, source) : rows,
  ends(value, { type }) {
    const finite = type === 'number' ? ` FILTER (isfinite(${value}))` : '';
    const [least, greatest] = [`min(${value})${finite}`, `max(${value})${finite}`] as const;
    return isTime(type) ? [microsSql(least), microsSql(greatest)] : [least, greatest];
  },
  // A HyperLogLog that is off by up to a quarter, which is enough to choose a sample.
  sizes: (value) => [`count(${value})`, `approx_count_distinct(${value})`],
  order: (output, _, { descending, nullsFirst }) =>
    `${output} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`,
  // The package's decoder drops a U+FEFF at the start of a text, so it is given one more.
  output: (value, type) => (type === 'text' ? `chr(65279) || ${value}` : value),
};

function microsSql(time: string): string {
  return `epoch_us(CAST(${time} AS TIMESTAMP))`;
}

function measureSql(measure: Measure, physical: (column: Column) => string, samples: Samples): string {
  const { fn, column, q, by } = measure;
  const name = column && physical(column);
  switch (fn) {
    case 'count':
      return name === null ? 'count(*)' : `count(${name})`;
    case 'count_distinct':
      return distinctSql(`${name}`, sampleEvery(measure, samples));
    case 'sum':
    case 'avg':
    case 'min':
    case 'max':
      return `${fn}(${name})`;
    case 'median':
    case 'quantile':
      return `CAST(quantile_cont(${name}, ${share(Number(q ?? 0.5))})${rowSample(measure, samples)} AS DOUBLE)`;
    case 'stddev':
      return `stddev_samp(${name})`;
    case 'first':
    case 'last':
      // Only its time; `withEdges` looks up the value.
      return `${fn === 'first' ? 'min' : 'max'}(${physical(by as Column)}) FILTER (WHERE ${name} IS NOT NULL)`;
  }
}

function share(q: number): string {
  return `CAST(${q} AS DOUBLE)`;
}

/** Keeps one of `every` rows for a quantile, whatever their values. */
function rowSample(measure: Measure, samples: Samples): string {
  const every = sampleEvery(measure, samples);
  return every === null ? '' : ` FILTER (hash(rowid) % ${every} = 0)`;
}

/** Counts one of `every` distinct values. */
function distinctSql(name: string, every: number | null): string {
  const count = `count(DISTINCT ${name})`;
  return every === null ? count : `${count} FILTER (hash(${name}) % ${every} = 0) * ${every}`;
}
