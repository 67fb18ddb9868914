import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planQuery } from '../../../src/analysis/plan-query.ts';
import { RequestPart } from '../../../src/analysis/request-part.ts';
import { CLICKHOUSE } from '../../../src/table-store/clickhouse/clickhouse-dialect.ts';
import { compileQuery } from '../../../src/table-store/sql/compile-query.ts';
import { compileRanges, rangesOf } from '../../../src/table-store/sql/compile-ranges.ts';
import type { PlanFacts } from '../../../src/table-store/sql/dialect.ts';
import type { CountedView } from '../../../src/table-store/table-store.ts';
import { tableOf, tableState } from '../../builders.ts';

const TABLE = tableState({ n: 'integer', x: 'number', b: 'boolean', d: 'date', t: 'timestamp', 's"s': 'text' });
const VIEW = { ...tableOf('c'), columns: TABLE.columns, uncommittedTags: [], lastTag: 9, table: 'T' };
const count = { fn: 'count' };

function compiled(query: unknown, facts?: PlanFacts) {
  return compileQuery(CLICKHOUSE, planQuery(new RequestPart(query, '/query'), TABLE, 100), VIEW, facts);
}

/** Measures, the SQL that computes them, that of their form in the result if it is another one, and what is checked. */
const MEASURES: readonly (readonly [measure: object, sql: string, shaped?: string | null, check?: string])[] = [
  [count, 'count()'],
  [{ fn: 'count', column: 's"s' }, 'count(c5)'],
  [{ fn: 'count_distinct', column: 's"s' }, 'uniqExactIf(assumeNotNull(c5), c5 IS NOT NULL)'],
  [{ fn: 'count_distinct', column: 'x' }, 'uniqExactIf(assumeNotNull((c1 + 0.)), (c1 + 0.) IS NOT NULL)'],
  [{ fn: 'sum', column: 'n' }, 'sum(toInt128(c0))'],
  [{ fn: 'sum', column: 'x' }, 'sum(c1)'],
  [{ fn: 'avg', column: 'n' }, 'sum(toInt128(c0)) / count(c0)'],
  [{ fn: 'avg', column: 'x' }, 'sum(c1) / count(c1)'],
  [{ fn: 'min', column: 'n' }, 'min(c0)'],
  [{ fn: 'min', column: 'x' }, 'min(c1)', null, 'ifNull(NOT isFinite(sum(c1)), false)'],
  [{ fn: 'max', column: 'x' }, 'max(c1)', null, 'ifNull(NOT isFinite(sum(c1)), false)'],
  [{ fn: 'max', column: 'd' }, 'max(c3)', '(toInt64(m0) * 86400000000)'],
  [{ fn: 'median', column: 'n' }, 'quantileExactInclusive(0.5)(toFloat64(c0))'],
  [
    { fn: 'quantile', column: 'x', q: 0.95 },
    'quantileExactInclusive(0.95)(toFloat64(c1))',
    null,
    'ifNull(NOT isFinite(sum(abs(c1))), false)',
  ],
  [
    { fn: 'stddev', column: 'x' },
    'if(count(c1) < 2, NULL, stddevSampStable(toFloat64(c1)))',
    null,
    'ifNull(NOT isFinite(if(count(c1) < 2, NULL, stddevSampStable(toFloat64(c1)))), false)',
  ],
  [
    { fn: 'first', column: 'n' },
    'min(bitShiftLeft(toInt128(c4), 64) + bitXor(reinterpretAsUInt64(toInt64(c0)), 9223372036854775808))',
    'reinterpretAsInt64(bitXor(toUInt64(m0), 9223372036854775808))',
  ],
  [
    { fn: 'last', column: 's"s', by: 'd' },
    'argMaxIf(c5, (assumeNotNull(c3), assumeNotNull(c5)), c5 IS NOT NULL AND c3 IS NOT NULL)',
  ],
];

const DAY = 'intDiv((c4 - positiveModulo(c4, toInt64(86400000000))), 86400000000)';
const IN_CALENDAR = `toInt32(positiveModulo(toInt64(${DAY}) + 25567, 146097) + -25567)`;

const BUCKETS: readonly (readonly [bucket: string, sql: string])[] = [
  ['second', '(c4 - positiveModulo(c4, toInt64(1000000)))'],
  ['15 minutes', '(c4 - positiveModulo(c4, toInt64(900000000)))'],
  ['day', '(c4 - positiveModulo(c4, toInt64(86400000000)))'],
  ['week', `((${DAY} - positiveModulo(${DAY} + 3, 7)) * 86400000000)`],
  ['month', `((toInt64(toStartOfMonth(toDate32(${IN_CALENDAR}))) + ${DAY} - ${IN_CALENDAR}) * 86400000000)`],
  ['year', `((toInt64(toStartOfYear(toDate32(${IN_CALENDAR}))) + ${DAY} - ${IN_CALENDAR}) * 86400000000)`],
];

/** Conditions, their SQL, and its parameters in ClickHouse's form. */
const CONDITIONS: readonly (readonly [condition: object, sql: string, ...params: string[]])[] = [
  [{ column: 'n', op: '<', value: 1.5 }, '(c0 < {p1:Int64})', '2'],
  [{ column: 'n', op: '>', value: '9'.repeat(20) }, '(c0 > {p1:Int128})', '9'.repeat(20)],
  [{ column: 'n', op: 'in', value: [1, '9'.repeat(20)] }, '(c0 IN {p1:Array(Int128)})', `[1,${'9'.repeat(20)}]`],
  [{ column: 'x', op: '<=', value: '-Infinity' }, '(c1 <= {p1:Float64})', '-inf'],
  [{ column: 'x', op: '>', value: 1 }, '((c1 > {p1:Float64}) OR isNaN(c1))', '1'],
  [{ column: 'x', op: '=', value: 1 }, '(c1 = {p1:Float64})', '1'],
  [{ column: 'x', op: '!=', value: -0 }, '((c1 + 0.) != {p1:Float64})', '0'],
  [{ column: 'x', op: '=', value: 'NaN' }, 'isNaN(c1)'],
  [{ column: 'x', op: '>', value: 'NaN' }, '(isNaN(c1) < 0)'],
  [{ column: 'x', op: 'in', value: ['NaN', -0, 1.5] }, '((c1 + 0.) IN {p1:Array(Float64)} OR isNaN(c1))', '[0,1.5]'],
  [{ column: 'b', op: '=', value: false }, '(c2 = {p1:Bool})', 'false'],
  [{ column: 'd', op: '>', value: '1969-12-31' }, '(c3 > {p1:Int32})', '-1'],
  [{ column: 't', op: '<', value: '1970-01-01T00:00:00.000001Z' }, '(c4 < {p1:Int64})', '1'],
  [{ column: 's"s', op: '=', value: "a'\\\n\t" }, '(c5 = {p1:String})', "a'\\\\\\n\\t"],
  [
    { column: 's"s', op: 'in', value: ["a'\\", '{p1:String}'] },
    '(c5 IN {p1:Array(String)})',
    "['a\\'\\\\','{p1:String}']",
  ],
  [{ column: 's"s', op: 'like', value: '%%' }, 'startsWith(c5, {p1:String})', ''],
  [{ column: 's"s', op: 'like', value: 'a%' }, 'startsWith(c5, {p1:String})', 'a'],
  [{ column: 's"s', op: 'like', value: '%\\_a' }, 'endsWith(c5, {p1:String})', '_a'],
  [{ column: 's"s', op: 'like', value: '%a%' }, '(position(c5, {p1:String}) > 0)', 'a'],
  [{ column: 's"s', op: 'like', value: 'a.%\\%_' }, 'match(c5, {p1:String})', '^a\\\\..*\\\\%.$'],
  [{ column: 'n', op: 'is null' }, '(c0 IS NULL)'],
];

describe("compiling a plan to ClickHouse's SQL", () => {
  for (const [measure, sql, shaped = null, check = null] of MEASURES) {
    it(`compiles the measure ${JSON.stringify(measure)}`, () => {
      const checked = check === null ? '' : ` HAVING throwIf(${check}, 'thena: out of range') = 0`;
      const select = (name: string) => `SELECT ${sql} AS ${name} FROM T WHERE _thena_upload <= 9${checked}`;
      const expected =
        shaped === null ? select('o0') : `SELECT o0 FROM (SELECT ${shaped} AS o0 FROM (${select('m0')}))`;
      assert.deepEqual(compiled({ measures: [measure] }), { sql: expected, params: [] });
    });
  }

  for (const [bucket, sql] of BUCKETS) {
    it(`compiles the bucket ${bucket}`, () => {
      const expected = `SELECT ${sql} AS o0 FROM T WHERE _thena_upload <= 9 GROUP BY 1 ORDER BY o0 ASC NULLS LAST`;
      assert.equal(compiled({ group_by: [{ column: 't', bucket }] }).sql, expected);
    });
  }

  for (const [condition, sql, ...params] of CONDITIONS) {
    it(`compiles the condition ${JSON.stringify(condition)}`, () => {
      const expected = `SELECT count() AS o0 FROM T WHERE _thena_upload <= 9 AND ${sql}`;
      assert.deepEqual(compiled({ measures: [count], where: condition }), { sql: expected, params });
    });
  }

  it('computes local times by the changes of the clocks in the range of the column', () => {
    const query = { group_by: [{ column: 't', bucket: 'day', time_zone: 'Europe/Berlin' }] };
    // From 2024-06-01 to 2024-07-01, and a margin before.
    const ranges = new Map([['t', { least: 1_717_200_000_000_000n, greatest: 1_719_792_000_000_000n }]]);
    const { sql } = compiled(query, { ranges });
    assert.ok(sql.includes("(c4 + toInt64('7200000000'))"), sql);
    const moment =
      "multiIf(g0 < toInt64('1698548400000000'), toInt64('7200000000'), g0 < toInt64('1711850400000000'), toInt64('3600000000'), toInt64('7200000000'))";
    assert.ok(sql.includes(`greatest(g0 - ${moment}, `), sql);
    // Of a thousand years, the changes are searched.
    const long = new Map([['t', { least: -10_000_000_000_000_000n, greatest: 20_000_000_000_000_000n }]]);
    assert.match(
      compiled(query, { ranges: long }).sql,
      /c4 \+ transform\(roundDown\(c4, CAST\('\[-9223372036854775808,/,
    );
  });

  it('asks for the range of a column only if the table does not know it', () => {
    const berlin = { column: 't', bucket: 'day', time_zone: 'Europe/Berlin' };
    const timeRange = { column: 't', earliest: 1n, latest: 2n };
    const asked = (key: object, known: CountedView['timeRange']) => {
      const plan = planQuery(new RequestPart({ group_by: [key] }, '/query'), TABLE, 100);
      const view = { ...VIEW, timeRange: known };
      return { sql: compileRanges(CLICKHOUSE, plan, view)?.sql, ranges: rangesOf(plan, view, known ? [] : [1n, 2n]) };
    };
    const ranges = new Map([['t', { least: 1n, greatest: 2n }]]);
    assert.deepEqual(asked(berlin, timeRange), { sql: undefined, ranges });
    assert.deepEqual(asked(berlin, null), {
      sql: 'SELECT min(c4), max(c4) FROM T WHERE _thena_upload <= 9',
      ranges,
    });
    assert.ok(asked(berlin, { ...timeRange, column: 'd' }).sql);
    // Of a thousand years, the selected rows may be a few days.
    assert.ok(asked(berlin, { ...timeRange, latest: 30_000_000_000_000_000n }).sql);
    assert.ok(asked({ column: 'n', buckets: 10 }, timeRange).sql);
  });

  it('computes quantiles from sorted values if some are not finite, and samples of many', () => {
    const measures = [{ fn: 'quantile', column: 'x', q: 0.25 }];
    const list = 'arraySort(groupArray(toFloat64(c1)))';
    assert.ok(compiled({ measures }, { extremes: new Set(['x']) }).sql.includes(`multiIf(length(${list}) = 0, NULL, `));
    const samples = new Map([['x', { rows: 7, distinct: 3, values: 7_000_000 }]]);
    const approximate = [
      { fn: 'median', column: 'x', approximate: true },
      { fn: 'count_distinct', column: 'x', approximate: true },
    ];
    const { sql } = compiled({ measures: approximate }, { samples });
    assert.ok(
      sql.includes('quantileExactInclusiveIf(0.5)(toFloat64(c1), cityHash64(_thena_upload, _thena_row) % 7 = 0)'),
      sql,
    );
    assert.ok(sql.includes('uniqExactIf((c1 + 0.), cityHash64((c1 + 0.)) % 3 = 0) * 3'), sql);
  });

  it('finds the least and the greatest number among NaN if there is any', () => {
    const measures = ['min', 'max'].map((fn) => ({ fn, column: 'x' }));
    const { sql } = compiled({ measures }, { extremes: new Set(['x']) });
    const least = 'ifNull(minIf(c1, NOT isNaN(c1)), if(count(c1) > 0, nan, NULL))';
    const greatest = 'if(countIf(isNaN(c1)) > 0, nan, max(c1))';
    assert.equal(sql, `SELECT ${least} AS o0, ${greatest} AS o1 FROM T WHERE _thena_upload <= 9`);
  });

  it('checks all groups, and keeps those of a condition', () => {
    const query = { measures: [{ fn: 'max', column: 'x', as: 'm' }], group_by: ['d'] };
    const having = { column: 'm', op: '<', value: 2 };
    const check = `throwIf(ifNull(NOT isFinite(sum(c1)), false), 'thena: out of range') = 0`;
    const { sql, params } = compiled({ ...query, group_by: ['n'], having });
    const rest = `GROUP BY 1 HAVING ${check} AND (o1 < {p1:Float64}) ORDER BY o0 ASC NULLS LAST`;
    assert.equal(sql, `SELECT c0 AS o0, max(c1) AS o1 FROM T WHERE _thena_upload <= 9 ${rest}`);
    assert.deepEqual(params, ['2']);
    // Dates are converted, which takes a query of its own.
    const groups = `SELECT c3 AS g0, max(c1) AS m0 FROM T WHERE _thena_upload <= 9 GROUP BY 1 HAVING ${check}`;
    const results = `SELECT (toInt64(g0) * 86400000000) AS o0, m0 AS o1 FROM (${groups})`;
    assert.equal(
      compiled({ ...query, having }).sql,
      `SELECT o0, o1 FROM (${results}) WHERE (o1 < {p1:Float64}) ORDER BY o0 ASC NULLS LAST`,
    );
  });

  it('orders nulls where the request wants them, and NaN as the greatest number', () => {
    const order_by = [{ column: 'x', direction: 'desc', nulls: 'first' }];
    const { sql } = compiled({ group_by: ['x', 's"s'], order_by });
    const order = 'o0 IS NULL DESC, ifNull(isNaN(o0), false) DESC, o0 DESC, o1 ASC NULLS LAST';
    assert.ok(sql.endsWith(` ORDER BY ${order}`), sql);
  });

  it('binds long lists in parts that a server accepts', () => {
    const value = Array.from({ length: 1000 }, (_, index) => `${index}${'x'.repeat(200)}`);
    const { sql, params } = compiled({ measures: [count], where: { column: 's"s', op: 'in', value } });
    assert.ok(params.length > 3 && params.every((each) => String(each).length <= 64 * 1024));
    assert.ok(sql.includes('c5 IN {p1:Array(String)} OR c5 IN {p2:Array(String)}'));
  });

  it('writes values as literals once a URL has no space for more', () => {
    const many = Array.from({ length: 499 }, (_, index) => ({ column: 'n', op: 'between', value: [index, 1000] }));
    const numbers = compiled({ measures: [count], where: { or: many } });
    assert.equal(numbers.params.length, 800);
    assert.ok(numbers.sql.includes(`((c0 >= CAST('498', 'Int64')) AND (c0 <= CAST('1000', 'Int64')))`));
    const values = Array.from({ length: 20 }, (_, index) => `'\\\n${index} `.padEnd(9000, 'ä'));
    const texts = compiled({
      measures: [count],
      where: { or: values.map((value) => ({ column: 's"s', op: '=', value })) },
    });
    assert.ok(encodeURIComponent(texts.params.join('')).length < 1_000_000);
    assert.ok(texts.sql.includes(`(c5 = '\\'\\\\\n19 ä`));
  });
});
