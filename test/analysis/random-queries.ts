import fc from 'fast-check';
import { BUCKETS } from '../../src/analysis/bucket-names.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import type { TableState } from '../../src/catalog/table-state.ts';
import { formatDate, formatTimestamp } from '../../src/model/timestamps.ts';
import { NOTHING_SETTLED } from '../../src/model/value-format.ts';
import { outputsOf } from '../../src/table-store/query-plan.ts';
import type { CountedView } from '../../src/table-store/table-store.ts';
import { TABLE_ID } from '../builders.ts';
import type { Row } from './naive-query.ts';

export const COLUMNS = [
  { name: 'n', type: 'integer', settled: NOTHING_SETTLED },
  { name: 'x', type: 'number', settled: NOTHING_SETTLED },
  { name: 'b', type: 'boolean', settled: NOTHING_SETTLED },
  { name: 'd', type: 'date', settled: NOTHING_SETTLED },
  { name: 't', type: 'timestamp', settled: NOTHING_SETTLED },
  { name: 'quo"ted', type: 'text', settled: NOTHING_SETTLED },
  { name: 'o0', type: 'text', settled: NOTHING_SETTLED },
  { name: 'c0', type: 'unknown', settled: NOTHING_SETTLED },
] as const;
const NAMES = COLUMNS.map(({ name }) => name);
/** The table that the queries are for. */
export const TABLE: TableState = {
  tableId: TABLE_ID,
  columns: COLUMNS,
  timeColumn: 't',
  rows: 50,
  version: 1,
  firstRowAt: 0n,
  earliestAt: 0n,
  latestAt: 0n,
};
/** Including zones with transitions at midnight, of half an hour, or in most years. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Pacific/Chatham',
  'Africa/Cairo',
];
const DAY = 86_400_000_000n;

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 6 });
const texts = fc.constantFrom(
  '',
  'a',
  'ab',
  'b%',
  'a_',
  '\\',
  'Ä',
  'ä',
  '日本',
  '\u{1F600}',
  '\uFEFF',
  '\uFEFFlonger than twelve bytes',
  "'; DROP TABLE rows; --",
  '$1',
);
const micros = fc.oneof(
  // Around transitions, and far from them.
  fc
    .bigInt(-2n * 3_600_000_000n, 26n * 3_600_000_000n)
    .chain((offset) =>
      fc
        .constantFrom(
          '2024-03-10',
          '2024-03-31',
          '2024-10-27',
          '2024-11-03',
          '2018-11-04',
          '2018-02-17',
          '2024-04-07',
          '2023-04-28',
        )
        .map((day) => BigInt(Date.parse(day)) * 1000n + offset),
    ),
  fc.bigInt(-30_000n * DAY, 30_000n * DAY),
);
/** 1000-01-01: earlier years are not read as years. */
const FIRST_DAY = -354_285n;
const LAST_DAY = 2_932_896n;
export const rows: fc.Arbitrary<Row> = fc.record({
  n: nullable(
    fc.oneof(
      fc.bigInt(-3n, 3n),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n),
    ),
  ),
  x: nullable(
    fc.oneof(
      fc.integer({ min: -20, max: 20 }).map((each) => each / 4),
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((each) => each + 0),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e200, 5e-324),
    ),
  ),
  b: nullable(fc.boolean()),
  d: nullable(fc.oneof(fc.bigInt(-20_000n, 20_000n), fc.bigInt(FIRST_DAY, LAST_DAY)).map((day) => day * DAY)),
  t: nullable(micros),
  'quo"ted': nullable(texts),
  o0: nullable(texts),
});

/** What a view says about its rows. Of every other list, the catalog does not know the times. */
export function countedRows(list: readonly Row[]): Pick<CountedView, 'rows' | 'timeRange'> {
  const times = list.map(({ t }) => t).filter((time) => typeof time === 'bigint');
  if (times.length === 0 || list.length % 2 === 0) return { rows: list.length, timeRange: null };
  const [earliest, latest] = [(a: bigint, b: bigint) => a < b, (a: bigint, b: bigint) => a > b].map((isFurther) =>
    times.reduce((end, time) => (isFurther(time, end) ? time : end)),
  ) as [bigint, bigint];
  return { rows: list.length, timeRange: { column: 't', earliest, latest } };
}

/** Comparisons of one column with several values, which databases may look up in a set. */
const chain = (column: string, value: fc.Arbitrary<unknown>) =>
  fc.tuple(fc.constantFrom('=', '!='), fc.array(value, { minLength: 2, maxLength: 5 })).map(([op, values]) => ({
    [op === '=' ? 'or' : 'and']: values.map((each) => ({ column, op, value: each })),
  }));

const condition = fc.letrec<{ any: object; leaf: object }>((tie) => ({
  leaf: fc.oneof(
    fc.record({
      column: fc.constant('n'),
      op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      value: fc.integer({ min: -3, max: 3 }),
    }),
    fc.record({
      column: fc.constant('n'),
      op: fc.constantFrom('<', '<=', '>', '>='),
      value: fc.constantFrom(-1.5, 0.5, 2.25),
    }),
    fc.record({
      column: fc.constant('x'),
      op: fc.constantFrom('=', '!=', '<', '<=', '>', '>='),
      value: fc.oneof(
        fc.integer({ min: -20, max: 20 }).map((each) => each / 4),
        fc.constantFrom('NaN', 'Infinity', '-Infinity', -0, 1e200, 1.7e308),
      ),
    }),
    fc.record({
      column: fc.constant('n'),
      op: fc.constantFrom('in', 'between'),
      value: fc.constantFrom([-1, 2], ['9223372036854775807', '-9223372036854775808'], ['-9'.padEnd(30, '9'), 3]),
    }),
    fc.record({
      column: fc.constant('x'),
      op: fc.constant('in'),
      value: fc.constantFrom([0, 'NaN'], [-0.25, 'Infinity', 1]),
    }),
    chain('x', fc.constantFrom<unknown>(0, -0, 0.25, 1, 5, 'NaN', 'Infinity', 1e200)),
    chain('n', fc.constantFrom<unknown>(0, 1, 2, -3, '9007199254740993', '9223372036854775807', '9'.repeat(20))),
    chain('o0', texts),
    fc.record({ column: fc.constant('c0'), op: fc.constantFrom('=', '!=', '<'), value: fc.constantFrom(1, 'a', true) }),
    fc.record({
      column: fc.constant('t'),
      op: fc.constant('in'),
      value: fc.array(micros.map(formatTimestamp), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      column: fc.constant('d'),
      op: fc.constant('in'),
      value: fc.array(micros.map(formatDate), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ column: fc.constant('b'), op: fc.constant('in'), value: fc.constantFrom([true], [false, true]) }),
    fc.record({ column: fc.constant('quo"ted'), op: fc.constantFrom('<', '>=', '!='), value: texts }),
    fc.record({ column: fc.constant('b'), op: fc.constantFrom('=', '!='), value: fc.boolean() }),
    fc.record({ column: fc.constant('t'), op: fc.constantFrom('<', '>='), value: micros.map(formatTimestamp) }),
    fc.record({
      column: fc.constant('d'),
      op: fc.constant('between'),
      value: fc.constantFrom(['1960-02-29', '1999-12-31'], ['2000-01-01', '1999-01-01']),
    }),
    fc.record({
      column: fc.constantFrom('quo"ted', 'o0'),
      op: fc.constant('in'),
      value: fc.array(texts, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({
      column: fc.constantFrom('QUO"TED', 'o0'),
      op: fc.constant('like'),
      value: fc.oneof(
        fc.constantFrom('', '%%', 'a%', '_', '%\\%', '\\\\', '%b_', 'Ä', "%'%", '%e%an%'),
        fc
          .array(fc.constantFrom('%', '_', 'a', 'b', '\\%', '\\_', '\\\\', 'Ä', '\u{1F600}', 'e'), { maxLength: 6 })
          .map((each) => each.join('')),
      ),
    }),
    fc.record({
      column: fc.constantFrom(...NAMES),
      op: fc.constantFrom('is null', 'is not null'),
    }),
  ),
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    fc.record({ and: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ or: fc.array(tie('any'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('any') }),
  ),
})).any;

const groups = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom(...NAMES),
    fc.record({
      column: fc.constant('t'),
      bucket: fc.constantFrom(...BUCKETS.map(({ name }) => name)),
      time_zone: fc.constantFrom(...ZONES),
    }),
    fc.record({ column: fc.constant('d'), bucket: fc.constantFrom('day', 'week', 'month', 'quarter', 'year') }),
    fc.record({ column: fc.constant('n'), bucket: fc.constantFrom(1, 2, 10, 1000, Number.MAX_SAFE_INTEGER) }),
    fc.record({ column: fc.constant('x'), bucket: fc.constantFrom(0.1, 0.25, 2.5, 10, 1e7) }),
    fc.record({ column: fc.constantFrom('n', 'x'), buckets: fc.constantFrom(1, 2, 7, 20, 1000) }),
  ),
  { maxLength: 3, selector: (group) => (typeof group === 'string' ? group : group.column) },
);
const measures = fc.uniqueArray(
  fc.oneof(
    fc.constant({ fn: 'count' }),
    fc.record({
      fn: fc.constantFrom('count', 'count_distinct', 'min', 'max', 'first', 'last'),
      column: fc.constantFrom(...NAMES),
    }),
    fc.record({ fn: fc.constantFrom('sum', 'avg', 'median', 'stddev'), column: fc.constantFrom('n', 'x', 'c0') }),
    fc.record({
      fn: fc.constant('quantile'),
      column: fc.constantFrom('n', 'x'),
      q: fc.constantFrom(0, 0.1, 0.25, 0.5, 0.99, 1),
    }),
    fc.record({
      fn: fc.constantFrom('first', 'last'),
      column: fc.constantFrom('n', 'x', 'b', 'd', 't', 'quo"ted', 'o0'),
      by: fc.constant('d'),
      as: fc.constant('by days'),
    }),
  ),
  {
    minLength: 1,
    maxLength: 5,
    selector: (measure) => ('as' in measure ? measure.as : JSON.stringify(measure)),
  },
);

/** A condition on, and an order by, any column of the result. */
const output = fc.record({
  place: fc.nat(),
  op: fc.constantFrom('=', '!=', '<', '<=', '>', '>=', 'in', 'is null', 'is not null'),
  negated: fc.boolean(),
  value: fc.integer({ min: -3, max: 3 }),
  day: micros.map(formatDate),
  text: texts,
  flag: fc.boolean(),
});
const order = fc.record({
  place: fc.nat(),
  direction: fc.constantFrom('asc', 'desc'),
  nulls: fc.constantFrom('first', 'last'),
});

/** Queries of `TABLE`. */
export const queries = fc
  .record({
    measures,
    group_by: groups,
    where: nullable(condition),
    limit: nullable(fc.integer({ min: 1, max: 20 })),
    having: fc.array(output, { maxLength: 2 }),
    orders: fc.array(order, { maxLength: 3 }),
  })
  .map(({ measures: measured, group_by, where, limit, having, orders }) => {
    const base = {
      measures: [...measured, { fn: 'count', as: 'rows' }],
      ...(group_by.length > 0 ? { group_by } : {}),
    };
    // Sums and similar measures depend on the order of addition, and so would conditions on them and orders by them.
    const outputs = outputsOf(planQuery(new RequestPart(base, '/query'), TABLE, 1000));
    const exact = outputs.filter((_, index) => isExact(base.measures[index - (outputs.length - base.measures.length)]));
    const of = (place: number) => exact[place % exact.length] as (typeof exact)[number];
    const chosen = having.map(({ place, op, negated, value, day, text, flag }) => {
      const { name, type } = of(place);
      const values = { integer: value, number: value, boolean: flag, date: day, timestamp: day, text, unknown: value };
      const operand = op === 'in' ? [values[type]] : values[type];
      const compared = { column: name, op, ...(op.startsWith('is') ? {} : { value: operand }) };
      return negated ? { not: compared } : compared;
    });
    return {
      ...base,
      ...(where ? { where } : {}),
      ...(limit ? { limit } : {}),
      ...(chosen.length > 0 ? { having: { or: chosen } } : {}),
      ...(orders.length > 0
        ? { order_by: orders.map(({ place, direction, nulls }) => ({ column: of(place).name, direction, nulls })) }
        : {}),
    };
  });

function isExact(measure: object | undefined): boolean {
  const { fn = 'count', column = '' } = (measure ?? {}) as { fn?: string; column?: string };
  return !['avg', 'stddev', 'median', 'quantile'].includes(fn) && !(fn === 'sum' && column === 'x');
}
