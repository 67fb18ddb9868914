import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_RESULT_ROWS: '3' });
  await upload(
    thena.url,
    'a',
    'at,n,x,country\n2024-01-01 00:00:00,1,1.5,DE\n2024-01-02 00:00:00,2,2.5,FR\n2024-01-03 00:00:00,3,,NL\n2024-01-04 00:00:00,4,,BE\n',
  );
  await upload(thena.url, 'timeless', 'n,s\n1,a\n');
});
after(() => thena.close());

const ask = (query: unknown, customer = 'a') =>
  call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query } });
const count = { fn: 'count' };
const where = (condition: unknown) => ({ measures: [count], where: condition });
const deep = (depth: number): object => (depth === 0 ? { column: 'n', op: '=', value: 1 } : { not: deep(depth - 1) });

/** A query, and the code, the location and the nearest allowed value of the error that it gets. */
const REFUSED: readonly (readonly [
  what: string,
  query: unknown,
  code: string,
  pointer: string,
  nearest?: string | number,
])[] = [
  ['an array', [], 'query_invalid', '/query'],
  ['an empty query', {}, 'query_invalid', '/query'],
  ['an unknown member', { measure: [count] }, 'query_invalid', '/query/measure', 'measures'],
  ['an unknown member with special characters', { 'a/b~c': 1 }, 'query_invalid', '/query/a~1b~0c', 'where'],
  ['measures that are not an array', { measures: count }, 'query_invalid', '/query/measures'],
  ['an unknown function', { measures: [{ fn: 'cuont' }] }, 'query_invalid', '/query/measures/0/fn', 'count'],
  ['a function of Object', { measures: [{ fn: 'constructor' }] }, 'query_invalid', '/query/measures/0/fn', 'count'],
  [
    'an unknown column',
    { measures: [{ fn: 'min', column: 'contry' }] },
    'column_not_found',
    '/query/measures/0/column',
    'country',
  ],
  [
    'the hidden column',
    { measures: [{ fn: 'min', column: '_thena_upload' }] },
    'column_not_found',
    '/query/measures/0/column',
    'at',
  ],
  [
    'a sum of a text column',
    { measures: [count, { fn: 'sum', column: 'country' }] },
    'column_unsuitable',
    '/query/measures/1/column',
    'n',
  ],
  ['a sum without a column', { measures: [{ fn: 'sum' }] }, 'query_invalid', '/query/measures/0'],
  [
    'a quantile of 1.5',
    { measures: [{ fn: 'quantile', column: 'n', q: 1.5 }] },
    'query_invalid',
    '/query/measures/0/q',
    1,
  ],
  [
    'a quantile below 0',
    { measures: [{ fn: 'quantile', column: 'n', q: -1 }] },
    'query_invalid',
    '/query/measures/0/q',
    0,
  ],
  [
    'an approximate sum',
    { measures: [{ fn: 'sum', column: 'n', approximate: true }] },
    'query_invalid',
    '/query/measures/0/approximate',
  ],
  [
    'approximate as text',
    { measures: [{ fn: 'median', column: 'n', approximate: 'yes' }] },
    'query_invalid',
    '/query/measures/0/approximate',
  ],
  [
    'approximate measures of groups',
    { measures: [{ fn: 'median', column: 'n', approximate: true }], group_by: ['country'] },
    'query_invalid',
    '/query',
  ],
  ['a quantile without q', { measures: [{ fn: 'quantile', column: 'n' }] }, 'query_invalid', '/query/measures/0'],
  ['an average with q', { measures: [{ fn: 'avg', column: 'n', q: 0.5 }] }, 'query_invalid', '/query/measures/0/q'],
  [
    'first by a number column',
    { measures: [{ fn: 'first', column: 'n', by: 'x' }] },
    'column_unsuitable',
    '/query/measures/0/by',
    'at',
  ],
  ['two result columns with the same name', { measures: [count, count] }, 'query_invalid', '/query'],
  [
    'a bucket of a text column',
    { group_by: [{ column: 'country', bucket: 'day' }] },
    'column_unsuitable',
    '/query/group_by/0/bucket',
  ],
  [
    'an unknown bucket',
    { group_by: [{ column: 'at', bucket: '7 minutes' }] },
    'query_invalid',
    '/query/group_by/0/bucket',
    '5 minutes',
  ],
  [
    'an unknown time zone',
    { group_by: [{ column: 'at', bucket: 'day', time_zone: 'Europe/Berlni' }] },
    'time_zone_unknown',
    '/query/group_by/0/time_zone',
    'Europe/Berlin',
  ],
  [
    'a time zone that is SQL',
    { group_by: [{ column: 'at', bucket: 'day', time_zone: "UTC', now()) --" }] },
    'time_zone_unknown',
    '/query/group_by/0/time_zone',
    'UTC',
  ],
  [
    'a time zone without a bucket',
    { group_by: [{ column: 'at', time_zone: 'UTC' }] },
    'query_invalid',
    '/query/group_by/0/time_zone',
  ],
  ['an unknown operator', where({ column: 'n', op: '==', value: 1 }), 'query_invalid', '/query/where/op', '='],
  ['a text as a number', where({ column: 'n', op: '=', value: 'one' }), 'value_invalid', '/query/where/value'],
  ['a fraction as an integer', where({ column: 'n', op: '=', value: 1.5 }), 'value_invalid', '/query/where/value'],
  ['null as a value', where({ column: 'n', op: '=', value: null }), 'value_invalid', '/query/where/value'],
  [
    'a date that does not exist',
    where({ column: 'at', op: '>', value: '2023-02-29' }),
    'value_invalid',
    '/query/where/value',
  ],
  ['like on a number column', where({ column: 'n', op: 'like', value: '1%' }), 'column_unsuitable', '/query/where/op'],
  [
    'a pattern that ends with a backslash',
    where({ column: 'country', op: 'like', value: 'D\\' }),
    'value_invalid',
    '/query/where/value',
  ],
  [
    'a backslash before a letter',
    where({ column: 'country', op: 'like', value: 'D\\E' }),
    'value_invalid',
    '/query/where/value',
  ],
  [
    'a pattern that is too long',
    where({ column: 'country', op: 'like', value: 'D'.repeat(1001) }),
    'value_invalid',
    '/query/where/value',
  ],
  [
    'too many patterns',
    where({ or: Array.from({ length: 101 }, () => ({ column: 'country', op: 'like', value: 'D_' })) }),
    'query_invalid',
    '/query/where/or/100',
  ],
  ['a lone surrogate', where({ column: 'country', op: '=', value: '\ud800' }), 'value_invalid', '/query/where/value'],
  [
    'too many values in lists',
    where({ or: Array.from({ length: 11 }, () => ({ column: 'n', op: 'in', value: Array(1000).fill(1) })) }),
    'query_invalid',
    '/query/where/or/10',
  ],
  [
    'too many conditions',
    where({ or: Array.from({ length: 500 }, () => ({ column: 'n', op: 'is null' })) }),
    'query_invalid',
    '/query/where/or/499',
  ],
  [
    'a time as a time zone',
    { group_by: [{ column: 'at', bucket: 'day', time_zone: 'T10Z' }] },
    'time_zone_unknown',
    '/query/group_by/0/time_zone',
  ],
  [
    'an offset as a time zone',
    { group_by: [{ column: 'at', bucket: 'day', time_zone: '+01:00' }] },
    'time_zone_unknown',
    '/query/group_by/0/time_zone',
  ],
  ['an operator without its value', where({ column: 'n', op: '=' }), 'query_invalid', '/query/where'],
  [
    'an operator that takes no value',
    where({ column: 'n', op: 'is null', value: 1 }),
    'query_invalid',
    '/query/where/value',
  ],
  [
    'between with three bounds',
    where({ column: 'n', op: 'between', value: [1, 2, 3] }),
    'query_invalid',
    '/query/where/value',
  ],
  ['an empty list', where({ column: 'n', op: 'in', value: [] }), 'query_invalid', '/query/where/value'],
  ['a condition with and and or', where({ and: [], or: [] }), 'query_invalid', '/query/where'],
  ['conditions that are nested too deep', where(deep(30)), 'query_invalid', `/query/where${'/not'.repeat(20)}`],
  [
    'an error within nested conditions',
    where({ and: [{ column: 'n', op: '=', value: 1 }, { not: { column: 'm', op: '=', value: 1 } }] }),
    'column_not_found',
    '/query/where/and/1/not/column',
    'n',
  ],
  [
    'having with a column of the table',
    { measures: [count], having: { column: 'n', op: '=', value: 1 } },
    'column_not_found',
    '/query/having/column',
    'count',
  ],
  [
    'an unknown column in order_by',
    { measures: [count], order_by: ['cnt'] },
    'column_not_found',
    '/query/order_by/0',
    'count',
  ],
  [
    'an unknown direction',
    { measures: [count], order_by: [{ column: 'count', direction: 'down' }] },
    'query_invalid',
    '/query/order_by/0/direction',
    'desc',
  ],
  ['a limit of 0', { measures: [count], limit: 0 }, 'query_invalid', '/query/limit', 1],
  ['a limit beyond the maximum', { measures: [count], limit: 4 }, 'query_invalid', '/query/limit', 3],
];

describe('a query that is refused, with the location of the error', () => {
  for (const [what, query, code, pointer, nearest] of REFUSED) {
    it(`${what}: ${code}`, async () => {
      const { status, body } = await ask(query);
      assert.deepEqual([status, body.code, body.pointer], [422, code, pointer], JSON.stringify(body));
      if (nearest !== undefined) assert.equal(body.nearest, nearest);
    });
  }

  for (const op of ['=', '!=', '<', '<=', '>', '>=']) {
    it(`compares an integer by ${op} with a number that is too large for JSON: value_invalid`, async () => {
      for (const value of ['1e400', '-1e400']) {
        const body = `{"customer_id":"a","query":{"measures":[{"fn":"count"}],"where":{"column":"n","op":"${op}","value":${value}}}}`;
        const headers = { 'content-type': 'application/json' };
        const refused = await call(`${thena.url}/api/v1/analyze/`, { method: 'POST', body, headers });
        assert.deepEqual([refused.status, refused.body.code], [422, 'value_invalid'], JSON.stringify(refused.body));
        assert.match(refused.body.detail, /Infinity is not an integer/);
      }
    });
  }

  it('has an object or deep arrays instead of any text, number or list', async () => {
    const arrays = '['.repeat(120_000) + ']'.repeat(120_000);
    const odd = ['{"toString":1}', '{"toJSON":1,"valueOf":null}', '[null]', 'null', 'true', '-0', '""', arrays];
    const templates = [
      '{"customer_id":"a","analyze_type":?}',
      '{"customer_id":"a","analyzer_type":?}',
      '{"customer_id":?,"analyze_type":10001}',
      '{"customer_id":"a","analyze_type":10004,"column":?}',
      '{"customer_id":"a","analyze_type":10004,"bucket":?}',
      '{"customer_id":"a","analyze_type":10004,"time_zone":?}',
      '{"customer_id":"a","analyze_type":10005,"column":"n","limit":?}',
      '{"customer_id":"a","query":?}',
      ...[
        '"measures":?',
        '"measures":[?]',
        '"measures":[{"fn":?}]',
        '"measures":[{"fn":"max","column":?}]',
        '"measures":[{"fn":"max","column":"n","as":?}]',
        '"measures":[{"fn":"quantile","column":"n","q":?}]',
        '"measures":[{"fn":"last","column":"n","by":?}]',
        '"group_by":?',
        '"group_by":[?]',
        '"group_by":[{"column":"at","bucket":?}]',
        '"group_by":[{"column":"at","bucket":"day","time_zone":?}]',
        '"where":?',
        '"where":{"not":?}',
        '"where":{"and":?}',
        '"where":{"column":"n","op":?}',
        ...['n', 'x', 'at', 'country'].map((column) => `"where":{"column":"${column}","op":"<","value":?}`),
        '"where":{"column":"n","op":"in","value":?}',
        '"where":{"column":"country","op":"like","value":?}',
        '"having":?',
        '"order_by":?',
        '"order_by":[?]',
        '"order_by":[{"column":"count","direction":?}]',
        '"order_by":[{"column":"count","nulls":?}]',
        '"limit":?',
      ].map((members) => {
        const measured = members.startsWith('"measures"') ? members : `"measures":[{"fn":"count"}],${members}`;
        return `{"customer_id":"a","query":{${measured}}}`;
      }),
    ];
    for (const template of templates) {
      for (const value of odd) {
        const body = template.replace('?', () => value);
        const response = await fetch(`${thena.url}/api/v1/analyze/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        });
        const text = await response.text();
        assert.ok(response.status < 500, `${body.slice(0, 200)}: ${text.slice(0, 300)}`);
        assert.ok(text.length < 5000, `${body.slice(0, 200)}: ${text.length} characters`);
      }
    }
  });

  it('has a result with too many rows', async () => {
    const { status, body } = await ask({ measures: [count], group_by: ['n'] });
    assert.deepEqual([status, body.code], [422, 'result_too_large']);
    assert.equal((await ask({ measures: [count], group_by: ['n'], limit: 3 })).status, 200);
  });

  it('uses first or last on a table without times', async () => {
    const { status, body } = await ask({ measures: [{ fn: 'first', column: 'n' }] }, 'timeless');
    assert.deepEqual([status, body.code, body.pointer], [422, 'no_time_column', '/query/measures/0']);
  });

  it('has both a query and a type, unknown members, or an unknown customer', async () => {
    const post = async (json: object) => (await call(`${thena.url}/api/v1/analyze/`, { json })).body;
    assert.equal(
      (await post({ customer_id: 'a', analyze_type: 10001, query: { measures: [count] } })).code,
      'bad_request',
    );
    const further = await post({ customer_id: 'a', analyze_type: 10001, colour: 'red' });
    assert.deepEqual([further.code, further.pointer], ['query_invalid', '/colour']);
    const nowhere = await post({ customer_id: 'a', analyze_type: 10005 });
    assert.deepEqual([nowhere.code, nowhere.choices], ['query_invalid', ['at', 'n', 'x', 'country']]);
    assert.equal((await post({ customer_id: 'nobody', query: {} })).code, 'customer_not_found');
  });
});
