import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type QueryParameters, readQueryParameters } from '../../src/analysis/query-parameters.ts';
import type { Column } from '../../src/model/columns.ts';
import { processorMs } from '../processor-time.ts';

const COLUMNS: readonly Column[] = [
  { name: 'amount', type: 'number' },
  { name: 'n', type: 'integer' },
  { name: 'city', type: 'text' },
  { name: 'at', type: 'timestamp' },
  { name: 'day', type: 'date' },
  { name: 'ok', type: 'boolean' },
  { name: 'unit price, net', type: 'number' },
  { name: 'a=b', type: 'text' },
  { name: 'a', type: 'text' },
  { name: 'born in', type: 'text' },
];

const read = (parameters: QueryParameters): unknown => readQueryParameters(parameters, COLUMNS);
const where = (...texts: string[]): unknown => (read({ where: texts }) as { where: unknown }).where;
const refusal = (parameters: QueryParameters): string => {
  try {
    return `accepted: ${JSON.stringify(read(parameters))}`;
  } catch (error) {
    const { code, detail } = error as { code: string; detail: string };
    assert.equal(code, 'query_invalid');
    return detail;
  }
};

describe('a query in the parameters of a URL', () => {
  it('is the JSON query that it is short for', () => {
    const parameters = {
      measures: ['count,avg:amount', 'quantile:amount:0.9:as:p90,first:city:at,sum:"unit price, net":as:"a ""b"""'],
      group_by: ['city,at:day', 'at:month:America/New_York:as:month', 'amount:10', 'n:into:20:as:bins', 'ok:as:fine'],
      where: ['amount>10', 'city!=Berlin'],
      having: '{"column":"count","op":">","value":1}',
      order_by: ['-count,city', 'p90:desc:nulls:first,month:nulls:last'],
      limit: '100',
      time_zone: 'Europe/Berlin',
    };
    assert.deepEqual(read(parameters), {
      measures: [
        { fn: 'count' },
        { fn: 'avg', column: 'amount' },
        { fn: 'quantile', column: 'amount', q: 0.9, as: 'p90' },
        { fn: 'first', column: 'city', by: 'at' },
        { fn: 'sum', column: 'unit price, net', as: 'a "b"' },
      ],
      group_by: [
        'city',
        { column: 'at', bucket: 'day', time_zone: 'Europe/Berlin' },
        { column: 'at', bucket: 'month', time_zone: 'America/New_York', as: 'month' },
        { column: 'amount', bucket: 10 },
        { column: 'n', buckets: 20, as: 'bins' },
        { column: 'ok', as: 'fine' },
      ],
      where: {
        and: [
          { column: 'amount', op: '>', value: 10 },
          { column: 'city', op: '!=', value: 'Berlin' },
        ],
      },
      having: { column: 'count', op: '>', value: 1 },
      order_by: [
        { column: 'count', direction: 'desc' },
        { column: 'city' },
        { column: 'p90', direction: 'desc', nulls: 'first' },
        { column: 'month', nulls: 'last' },
      ],
      limit: 100,
    });
  });

  it('can be the JSON query itself', () => {
    assert.deepEqual(read({ q: '{"measures":[{"fn":"count"}]}' }), { measures: [{ fn: 'count' }] });
    assert.match(refusal({ q: '{}', limit: '1' }), /given as JSON, and by the parameter limit/);
    assert.match(refusal({ q: 'count' }), /not valid JSON/);
  });

  it('takes quoted words for names, whatever they are', () => {
    assert.deepEqual(read({ measures: ['max:"as"'], group_by: ['"into":"as"'], order_by: ['"-x"'] }), {
      measures: [{ fn: 'max', column: 'as' }],
      group_by: [{ column: 'into', bucket: 'as' }],
      order_by: [{ column: '-x' }],
    });
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ minLength: 1 }), (column, as) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const query = read({ measures: [`sum:${quoted(column)}:as:${quoted(as)}`], order_by: [`${quoted(as)}:desc`] });
        assert.deepEqual(query, {
          measures: [{ fn: 'sum', column, as }],
          order_by: [{ column: as, direction: 'desc' }],
        });
      }),
    );
  });

  it('is refused if its parts do not fit together', () => {
    const refused: QueryParameters[] = [
      { measures: ['count,'] },
      { measures: [''] },
      { measures: ['avg::x'] },
      { measures: ['avg:"amount'] },
      { measures: ['avg:am"ount'] },
      { measures: ['avg:"amount"x'] },
      { measures: ['avg:amount:1:2'] },
      { measures: ['avg:amount:as'] },
      { measures: ['avg:amount:as:x:y'] },
      { measures: ['quantile:amount:half'] },
      { group_by: ['at:day:Europe/Berlin:x'] },
      { group_by: ['amount:10:x'] },
      { group_by: ['amount:into:many'] },
      { order_by: ['count:up'] },
      { order_by: ['-count:desc'] },
      { order_by: ['count:nulls'] },
      { limit: '1.5' },
      { group_by: ['city'], time_zone: 'Europe/Berlin' },
      { having: 'count>1' },
    ];
    for (const parameters of refused)
      assert.match(refusal(parameters), /^Parameter \w+, ".*": .*See docs/, JSON.stringify(parameters));
  });
});

describe('a condition in a URL', () => {
  it('has a value of the type of its column', () => {
    const cases: [string, unknown][] = [
      ['amount>=1.5', { column: 'amount', op: '>=', value: 1.5 }],
      ['amount = -1e3', { column: 'amount', op: '=', value: -1000 }],
      ['amount=NaN', { column: 'amount', op: '=', value: 'NaN' }],
      ['n=9007199254740993', { column: 'n', op: '=', value: '9007199254740993' }],
      ['n<2.5', { column: 'n', op: '<', value: 2.5 }],
      ['city=01234', { column: 'city', op: '=', value: '01234' }],
      ['city="  x ""y"" "', { column: 'city', op: '=', value: '  x "y" ' }],
      ['city=""', { column: 'city', op: '=', value: '' }],
      ['CITY=a, b', { column: 'CITY', op: '=', value: 'a, b' }],
      ['city=x in y', { column: 'city', op: '=', value: 'x in y' }],
      ['city=a=b', { column: 'city', op: '=', value: 'a=b' }],
      ['ok=true', { column: 'ok', op: '=', value: true }],
      ['ok != false', { column: 'ok', op: '!=', value: false }],
      ['ok=yes', { column: 'ok', op: '=', value: 'yes' }],
      ['day<2024-01-02', { column: 'day', op: '<', value: '2024-01-02' }],
      ['at>2024-01-02T03:04:05+01:00', { column: 'at', op: '>', value: '2024-01-02T03:04:05+01:00' }],
      [
        'city in Berlin, "Paris, FR"'.replace(', "', ',"'),
        { column: 'city', op: 'in', value: ['Berlin', 'Paris, FR'] },
      ],
      ['n IN 1,2', { column: 'n', op: 'in', value: [1, 2] }],
      [
        'at between 2024-01-01T00:00:00Z,2024-01-02',
        { column: 'at', op: 'between', value: ['2024-01-01T00:00:00Z', '2024-01-02'] },
      ],
      ['city like B%', { column: 'city', op: 'like', value: 'B%' }],
      ['city is null', { column: 'city', op: 'is null' }],
      ['city IS  NOT NULL', { column: 'city', op: 'is not null' }],
      ['born in = x', { column: 'born in', op: '=', value: 'x' }],
      ['born in in x,y', { column: 'born in', op: 'in', value: ['x', 'y'] }],
      ['"unit price, net" > 3', { column: 'unit price, net', op: '>', value: 3 }],
      ['unit price, net>3', { column: 'unit price, net', op: '>', value: 3 }],
      ['"a=b"=c', { column: 'a=b', op: '=', value: 'c' }],
      ['"a"=b=c', { column: 'a', op: '=', value: 'b=c' }],
      ['{"not":{"column":"n","op":"=","value":1}}', { not: { column: 'n', op: '=', value: 1 } }],
    ];
    for (const [text, condition] of cases) assert.deepEqual(where(text), condition, text);
  });

  it('is refused if it can be read in two ways, or in none', () => {
    assert.match(refusal({ where: ['a=b=c'] }), /two ways: "a" = … or "a=b" = …/);
    assert.match(refusal({ where: ['amuont>1'] }), /Did you mean "amount"/);
    assert.match(refusal({ where: ['amount'] }), /no operator/);
    assert.match(refusal({ where: ['amount>'] }), /no value/);
    assert.match(refusal({ where: ['city is null x'] }), /Nothing may follow/);
    assert.match(refusal({ where: ['{"a"'] }), /not valid JSON/);
    assert.match(refusal({ where: ['"amount" 1'] }), /no operator/);
  });

  it('is read in no time, however many operators its conditions and columns the table have', async () => {
    const columns = Array.from({ length: 1000 }, (_, index) => {
      return { name: String(index).padEnd(250, 'É'), type: 'text' } as const;
    });
    const read = () => readQueryParameters({ where: [`x${'='.repeat(9_999)}`] }, columns);
    const tookMs = await processorMs(() => assert.throws(read, { code: 'query_invalid' }));
    assert.ok(tookMs < 500, `${tookMs} ms`);
  });
});
