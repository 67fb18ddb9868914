import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUCKETS } from '../../src/analysis/bucket-names.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import type { TableState } from '../../src/catalog/table-state.ts';
import { parseCustomerId } from '../../src/model/ids.ts';
import { NOTHING_SETTLED } from '../../src/model/value-format.ts';
import { DUCKDB } from '../../src/table-store/duckdb/duckdb-dialect.ts';
import { type CompiledQuery, compileQuery, type QueriedView } from '../../src/table-store/sql/compile-query.ts';
import type { TableView } from '../../src/table-store/table-store.ts';
import { TABLE_ID } from '../builders.ts';

const TABLE: TableState = {
  tableId: TABLE_ID,
  columns: [
    { name: 'n', type: 'integer', settled: NOTHING_SETTLED },
    { name: 'x', type: 'number', settled: NOTHING_SETTLED },
    { name: 'b', type: 'boolean', settled: NOTHING_SETTLED },
    { name: 'd', type: 'date', settled: NOTHING_SETTLED },
    { name: 't', type: 'timestamp', settled: NOTHING_SETTLED },
    { name: 's"s', type: 'text', settled: NOTHING_SETTLED },
  ],
  timeColumn: 't',
  rows: 1,
  version: 1,
  firstRowAt: 0n,
  earliestAt: 0n,
  latestAt: 0n,
};
const VIEW = {
  customerId: parseCustomerId('c') as TableView['customerId'],
  tableId: TABLE_ID,
  columns: TABLE.columns,
  uncommittedTags: [],
  lastTag: 9,
  table: 'T',
};

function compiled(query: unknown, view: QueriedView = VIEW): CompiledQuery {
  return compileQuery(DUCKDB, planQuery(new RequestPart(query, '/query'), TABLE, 100), view);
}

const count = { fn: 'count' };

/** Measures and their SQL. */
const MEASURES: readonly (readonly [measure: object, sql: string])[] = [
  [count, 'count(*)'],
  [{ fn: 'count', column: 's"s' }, 'count(c5)'],
  [{ fn: 'count_distinct', column: 'S"S' }, 'count(DISTINCT c5)'],
  [{ fn: 'sum', column: 'n' }, 'sum(c0)'],
  [{ fn: 'avg', column: 'x' }, 'avg(c1)'],
  [{ fn: 'min', column: 'n' }, 'min(c0)'],
  [{ fn: 'max', column: 'b' }, 'max(c2)'],
  [{ fn: 'median', column: 'n' }, 'CAST(quantile_cont(c0, CAST(0.5 AS DOUBLE)) AS DOUBLE)'],
  [{ fn: 'quantile', column: 'x', q: 0.95 }, 'CAST(quantile_cont(c1, CAST(0.95 AS DOUBLE)) AS DOUBLE)'],
  [{ fn: 'stddev', column: 'x' }, 'stddev_samp(c1)'],
];

const WALL = `timezone('Europe/Berlin', make_timestamptz(epoch_us(c4)))`;

/** Buckets, and their SQL in UTC and in a time zone. */
const BUCKETS_SQL: readonly (readonly [bucket: string, utc: string, zoned: string])[] = [
  ...['second', 'minute', 'hour'].map(
    (unit) => [unit, `date_trunc('${unit}', c4)`, `c4 - (${WALL} - date_trunc('${unit}', ${WALL}))`] as const,
  ),
  ...[5, 10, 15, 30].flatMap((number) =>
    ['second', 'minute'].map((unit) => {
      const bucket = (time: string) => `time_bucket(INTERVAL ${number} ${unit}, ${time})`;
      return [`${number} ${unit}s`, bucket('c4'), `c4 - (${WALL} - ${bucket(WALL)})`] as const;
    }),
  ),
  ...[2, 3, 4, 6, 8, 12].map((number) => {
    const bucket = (time: string) => `time_bucket(INTERVAL ${number} hour, ${time})`;
    return [`${number} hours`, bucket('c4'), bucket(WALL)] as const;
  }),
  ...['day', 'week', 'month', 'quarter', 'year'].map(
    (unit) => [unit, `date_trunc('${unit}', c4)`, `date_trunc('${unit}', ${WALL})`] as const,
  ),
];

/** Conditions, their SQL, and its parameters. */
const CONDITIONS: readonly (readonly [
  condition: object,
  sql: string,
  ...params: (bigint | number | boolean | string)[],
])[] = [
  [{ column: 'n', op: '=', value: 1 }, '(c0 = CAST($1 AS BIGINT))', 1n],
  [{ column: 'n', op: '!=', value: '-5' }, '(c0 != CAST($1 AS BIGINT))', -5n],
  [{ column: 'n', op: '<', value: 1.5 }, '(c0 < CAST($1 AS BIGINT))', 2n],
  [{ column: 'n', op: '>=', value: -1.5 }, '(c0 > CAST($1 AS BIGINT))', -2n],
  [{ column: 'n', op: '>', value: '9'.repeat(20) }, '(c0 > CAST($1 AS HUGEINT))', BigInt('9'.repeat(20))],
  [{ column: 'x', op: '<=', value: 'Infinity' }, '(c1 <= CAST($1 AS DOUBLE))', Number.POSITIVE_INFINITY],
  [{ column: 'b', op: '=', value: false }, '(c2 = CAST($1 AS BOOLEAN))', false],
  [
    { column: 'd', op: '>', value: '1970-01-02' },
    '(c3 > CAST(make_timestamp(CAST($1 AS BIGINT)) AS DATE))',
    86_400_000_000n,
  ],
  [
    { column: 't', op: '<', value: '1970-01-01T01:00:00.000001+01:00' },
    '(c4 < make_timestamp(CAST($1 AS BIGINT)))',
    1n,
  ],
  [{ column: 's"s', op: 'in', value: ["'", '$1'] }, '(c5 IN (CAST($1 AS VARCHAR), CAST($2 AS VARCHAR)))', "'", '$1'],
  [
    { column: 'n', op: 'between', value: [1, 2] },
    '((c0 >= CAST($1 AS BIGINT)) AND (c0 <= CAST($2 AS BIGINT)))',
    1n,
    2n,
  ],
  [{ column: 's"s', op: 'like', value: '' }, '(c5 = CAST($1 AS VARCHAR))', ''],
  [{ column: 's"s', op: 'like', value: 'a\\%' }, '(c5 = CAST($1 AS VARCHAR))', 'a%'],
  [{ column: 's"s', op: 'like', value: '%%' }, 'contains(c5, CAST($1 AS VARCHAR))', ''],
  [{ column: 's"s', op: 'like', value: 'a%' }, 'starts_with(c5, CAST($1 AS VARCHAR))', 'a'],
  [{ column: 's"s', op: 'like', value: '%\\_a' }, 'ends_with(c5, CAST($1 AS VARCHAR))', '_a'],
  [{ column: 's"s', op: 'like', value: '%a\\\\%' }, 'contains(c5, CAST($1 AS VARCHAR))', 'a\\'],
  [{ column: 's"s', op: 'like', value: '_' }, `regexp_full_match(c5, CAST($1 AS VARCHAR), 's')`, '.'],
  [
    { column: 's"s', op: 'like', value: 'a.%\\%_-é' },
    `regexp_full_match(c5, CAST($1 AS VARCHAR), 's')`,
    'a\\..*\\%.\\-é',
  ],
  [{ column: 'n', op: 'in', value: [1, '2'] }, '(c0 IN (CAST($1 AS BIGINT), CAST($2 AS BIGINT)))', 1n, 2n],
  [{ column: 'x', op: '!=', value: 'NaN' }, '(c1 != CAST($1 AS DOUBLE))', Number.NaN],
  [{ column: 'n', op: 'is null' }, '(c0 IS NULL)'],
  [{ column: 'n', op: 'is not null' }, '(NOT (c0 IS NULL))'],
  [
    { or: [{ column: 'b', op: '=', value: true }, { not: { and: [{ column: 'n', op: '>', value: 1 }] } }] },
    '((c2 = CAST($1 AS BOOLEAN)) OR (NOT ((c0 > CAST($2 AS BIGINT)))))',
    true,
    1n,
  ],
];

describe('compiling a plan to SQL', () => {
  for (const [measure, sql] of MEASURES) {
    it(`compiles the measure ${JSON.stringify(measure)}`, () => {
      const expected = `SELECT o0 FROM (SELECT m0 AS o0 FROM (SELECT ${sql} AS m0 FROM T WHERE _thena_upload <= 9))`;
      assert.deepEqual(compiled({ measures: [measure] }), { sql: expected, params: [] });
    });
  }

  it('compiles every bucket, in UTC and in a time zone', () => {
    const byName = (a: string, b: string) => (a < b ? -1 : 1);
    assert.deepEqual(BUCKETS_SQL.map(([name]) => name).sort(byName), BUCKETS.map(({ name }) => name).sort(byName));
    for (const [bucket, utc, zoned] of BUCKETS_SQL) {
      const groupedBy = (time_zone: string) => compiled({ group_by: [{ column: 't', bucket, time_zone }] }).sql;
      const shaped = 'epoch_us(CAST(g0 AS TIMESTAMP))';
      const expected = `SELECT o0 FROM (SELECT ${shaped} AS o0 FROM (SELECT ${utc} AS g0 FROM T WHERE _thena_upload <= 9 GROUP BY 1)) ORDER BY o0 ASC NULLS LAST`;
      assert.equal(groupedBy('UTC'), expected);
      assert.ok(groupedBy('Europe/Berlin').includes(`(SELECT ${zoned} AS g0 FROM T `), groupedBy('Europe/Berlin'));
    }
  });

  for (const [condition, sql, ...params] of CONDITIONS) {
    it(`compiles the condition ${JSON.stringify(condition)}`, () => {
      const expected = `SELECT o0 FROM (SELECT m0 AS o0 FROM (SELECT count(*) AS m0 FROM T WHERE _thena_upload <= 9 AND ${sql}))`;
      assert.deepEqual(compiled({ measures: [count], where: condition }), { sql: expected, params });
    });
  }

  it('never lets a name of the table or the request into the SQL', () => {
    const names = ['rowid', '_thena_upload', 'c1', 'C0', 'g0"', "o0'", 'select', 'r.e0'];
    const columns = names.map((name) => ({ name, type: 'integer', settled: NOTHING_SETTLED }) as const);
    const query = (of: readonly string[]) => ({
      measures: of.map((column) => ({ fn: 'quantile', column, q: 0.5, as: `${column} median` })),
      group_by: of.map((column) => ({ column, as: column })),
      where: { and: of.map((column) => ({ column, op: '>', value: 0 })) },
      having: { and: of.map((column) => ({ column, op: '>', value: 0 })) },
    });
    const sqlOf = (of: typeof columns) => {
      const plan = planQuery(
        new RequestPart(query(of.map(({ name }) => name)), '/query'),
        { ...TABLE, columns: of },
        100,
      );
      return compileQuery(DUCKDB, plan, { ...VIEW, columns: of }).sql;
    };
    const plain = columns.map((column, index) => ({ ...column, name: `plain ${index}` }));
    assert.equal(sqlOf(columns), sqlOf(plain));
  });

  it('looks up the first and the last value in the rows that have its time', () => {
    const measures = [{ fn: 'first', column: 'n' }, count, { fn: 'last', column: 'b', by: 'd' }];
    const where = { column: 'n', op: '>', value: 0 };
    const from = (parameter: number) => `FROM T WHERE _thena_upload <= 9 AND (c0 > CAST($${parameter} AS BIGINT))`;
    const times =
      'min(c4) FILTER (WHERE c0 IS NOT NULL) AS m0, count(*) AS m1, max(c3) FILTER (WHERE c2 IS NOT NULL) AS m2';
    const first = `SELECT min(v) AS v FROM r JOIN (SELECT c4 AS t, c0 AS v ${from(2)}) ON t = r.m0`;
    const last = `SELECT max(v) AS v FROM r JOIN (SELECT c3 AS t, c2 AS v ${from(3)}) ON t = r.m2`;
    const joined = `FROM r LEFT JOIN (${first}) e0 ON true LEFT JOIN (${last}) e2 ON true`;
    const inner = `WITH r AS MATERIALIZED (SELECT ${times} ${from(1)}) SELECT e0.v AS m0, r.m1, e2.v AS m2 ${joined}`;
    assert.deepEqual(compiled({ measures, where }), {
      sql: `SELECT o0, o1, o2 FROM (SELECT m0 AS o0, m1 AS o1, m2 AS o2 FROM (${inner}))`,
      params: [0n, 0n, 0n],
    });
    const grouped = compiled({
      measures: [{ fn: 'last', column: 'n' }],
      group_by: ['b', { column: 'd', bucket: 'year' }],
    }).sql;
    const look = `SELECT c2 AS k0, date_trunc('year', c3) AS k1, c4 AS t, c0 AS v FROM T WHERE _thena_upload <= 9`;
    const same = 't = r.m0 AND k0 IS NOT DISTINCT FROM r.g0 AND k1 IS NOT DISTINCT FROM r.g1';
    const edge = `(SELECT r.g0, r.g1, max(v) AS v FROM r JOIN (${look}) ON ${same} GROUP BY r.g0, r.g1) e0`;
    const group = 'e0.g0 IS NOT DISTINCT FROM r.g0 AND e0.g1 IS NOT DISTINCT FROM r.g1';
    assert.ok(grouped.includes(`SELECT r.g0, r.g1, e0.v AS m0 FROM r LEFT JOIN ${edge} ON ${group})`), grouped);
  });

  it('computes all quantiles of a column from one list of its values', () => {
    const measures = [
      { fn: 'median', column: 'n' },
      { fn: 'quantile', column: 'x', q: 0.1 },
      count,
      { fn: 'quantile', column: 'N', q: 1 },
    ];
    const list = 'quantile_cont(c0, [CAST(0.5 AS DOUBLE), CAST(1 AS DOUBLE)]) AS m0';
    const single = 'CAST(quantile_cont(c1, CAST(0.1 AS DOUBLE)) AS DOUBLE) AS m1';
    const inner = `SELECT ${list}, ${single}, count(*) AS m2 FROM T WHERE _thena_upload <= 9`;
    const shaped = `SELECT CAST(m0[1] AS DOUBLE) AS o0, m1 AS o1, m2 AS o2, CAST(m0[2] AS DOUBLE) AS o3 FROM (${inner})`;
    assert.deepEqual(compiled({ measures }), { sql: `SELECT o0, o1, o2, o3 FROM (${shaped})`, params: [] });
  });

  it('compiles every order', () => {
    const orders = [
      [{ column: 'n' }, 'o0 ASC NULLS LAST'],
      ['n', 'o0 ASC NULLS LAST'],
      [{ column: 'N', direction: 'desc' }, 'o0 DESC NULLS LAST'],
      [{ column: 'n', nulls: 'first' }, 'o0 ASC NULLS FIRST'],
      [{ column: 'n', direction: 'desc', nulls: 'first' }, 'o0 DESC NULLS FIRST'],
    ] as const;
    for (const [order, sql] of orders) {
      const rows = 'SELECT c0 AS g0 FROM T WHERE _thena_upload <= 9 GROUP BY 1';
      const expected = `SELECT o0 FROM (SELECT g0 AS o0 FROM (${rows})) ORDER BY ${sql}`;
      assert.equal(compiled({ group_by: ['n'], order_by: [order] }).sql, expected);
    }
  });

  it('starts a local day at its first moment, even if clocks are set back over midnight', () => {
    const last = `epoch_us(timezone('Europe/Berlin', g0))`;
    const before = `(${last} - 86400000000)`;
    const first = `(epoch_us(g0) - (epoch_us(timezone('Europe/Berlin', make_timestamptz(${before}))) - ${before}))`;
    const isLocal = `timezone('Europe/Berlin', make_timestamptz(${first})) = g0`;
    const shaped = `SELECT CASE WHEN ${isLocal} THEN least(${first}, ${last}) ELSE ${last} END AS o0 FROM `;
    const { sql } = compiled({ group_by: [{ column: 't', bucket: 'day', time_zone: 'europe/berlin' }] });
    assert.ok(sql.includes(shaped), sql);
  });

  it('excludes uncommitted rows, and filters, orders and limits by the result', () => {
    const query = {
      measures: [count, { fn: 'max', column: 't' }],
      group_by: ['s"s', 'd'],
      having: {
        and: [
          { column: 'count', op: '>', value: 2 },
          { column: 'max_t', op: '<', value: '1970-01-02' },
        ],
      },
      order_by: [{ column: 'count', direction: 'desc', nulls: 'first' }],
      limit: 5,
    };
    const rows =
      'SELECT c5 AS g0, c3 AS g1, count(*) AS m0, max(c4) AS m1 FROM T WHERE _thena_upload <= 9 AND _thena_upload <> 3 AND _thena_upload <> 4 GROUP BY 1, 2';
    const shaped = `SELECT g0 AS o0, epoch_us(CAST(g1 AS TIMESTAMP)) AS o1, m0 AS o2, epoch_us(CAST(m1 AS TIMESTAMP)) AS o3 FROM (${rows})`;
    assert.deepEqual(compiled(query, { ...VIEW, uncommittedTags: [3, 4] }), {
      sql: `SELECT chr(65279) || o0, o1, o2, o3 FROM (${shaped}) WHERE ((o2 > CAST($1 AS BIGINT)) AND (o3 < CAST($2 AS BIGINT))) ORDER BY o2 DESC NULLS FIRST, o0 ASC NULLS LAST, o1 ASC NULLS LAST LIMIT 5`,
      params: [2n, 86_400_000_000n],
    });
  });
});
