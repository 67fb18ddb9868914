import type { Column } from '../../model/columns.ts';
import type { Dialect } from '../sql/dialect.ts';
import { compare, isIn, like } from './conditions.ts';
import { converted } from './converted.ts';
import { checkSql, keySql, measuredSql, measureSql, quantileSql } from './measures.ts';
import { bucketStart, int64s, microsSql, timeBucket } from './time-buckets.ts';

/** ClickHouse's SQL. Dates are days and timestamps microseconds since 1970-01-01, since ClickHouse's own types have fewer years. */
export const CLICKHOUSE: Dialect = {
  noValue: `CAST(NULL, 'Nullable(Float64)')`,
  neither: `CAST(NULL, 'Nullable(Bool)')`,
  converted,
  micros: microsSql,
  double: (value) => `toFloat64('${value}')`,
  finite: (number) => `isFinite(${number})`,
  compare,
  isIn,
  like,
  key: (value, type) => keySql(value, { type }),
  integerBucket: (value, width) =>
    `(intDiv(${value}, toInt64(${width})) - toInt64(modulo(${value}, toInt64(${width})) < 0))`,
  integerBound: (bucket, width) => `toInt128(${bucket}) * toInt128(${width})`,
  equalBucket(value, type, bounds, edge) {
    const lowers = bounds.slice(0, -1);
    if (type === 'integer') {
      const lower = `roundDown(${value}, ${int64s(lowers as readonly bigint[])})`;
      const [first = 0n, second = 0n] = bounds as readonly bigint[];
      // As text, since 2^64 is no integer literal.
      return edge === 'lower' ? lower : `toInt128(${lower}) + toInt128('${second - first}')`;
    }
    const doubles = (values: readonly unknown[]) => `CAST('[${values.join(',')}]', 'Array(Float64)')`;
    const lower = `roundDown(${value}, ${doubles(lowers)})`;
    const upper = `transform(${lower}, ${doubles(lowers)}, ${doubles(bounds.slice(1))}, 0.)`;
    return `if(isFinite(${value}), ${edge === 'lower' ? lower : upper}, ${value})`;
  },
  timeBucket,
  bucketStart: (value, _, bucket, range) => bucketStart(value, bucket, range),
  measure: measureSql,
  quantiles: quantileSql,
  measured: measuredSql,
  check: checkSql,
  ends(value, { type }: Column) {
    if (type === 'number') return [`minIf(${value}, isFinite(${value}))`, `maxIf(${value}, isFinite(${value}))`];
    return [microsSql(`min(${value})`, type), microsSql(`max(${value})`, type)];
  },
  sizes: (value) => [`count(${value})`, `uniqCombined64(${value})`],
  order(output, type, { descending, nullsFirst }) {
    const direction = descending ? 'DESC' : 'ASC';
    if (type !== 'number') return `${output} ${direction} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
    // ClickHouse puts NaN where nulls are.
    const nulls = `${output} IS NULL ${nullsFirst ? 'DESC' : 'ASC'}`;
    return `${nulls}, ifNull(isNaN(${output}), false) ${direction}, ${output} ${direction}`;
  },
  output: (value) => value,
};
