import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, type RunningThena, resultRows, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const load = async (customer: string, lines: readonly (string | number)[]): Promise<void> => {
  const { body } = await upload(thena.url, customer, `v,k\n${lines.map((line) => `${line},x\n`).join('')}`);
  assert.equal(body.status, 'complete', JSON.stringify(body));
};
const counted = (customer: string, group: object, more: object = {}) =>
  resultRows(thena.url, customer, { measures: [{ fn: 'count' }], group_by: [{ column: 'v', ...group }], ...more });
const refused = async (customer: string, group: object, more: object = {}) => {
  const query = { measures: [{ fn: 'count' }], group_by: [{ column: 'v', ...group }], ...more };
  const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query } });
  return [status, body.code, body.pointer, body.nearest];
};

it('groups integers by the multiple of the width below them, exactly and down to the least', async () => {
  await load('integers', [-11, -10, -1, 0, 9, 10, '9223372036854775807', '-9223372036854775808', '']);
  assert.deepEqual(await counted('integers', { bucket: 10 }), [
    ['-9223372036854775810', 1],
    [-20, 1],
    [-10, 2],
    [0, 2],
    [10, 1],
    ['9223372036854775800', 1],
    [null, 1],
  ]);
  const rows = await resultRows(thena.url, 'integers', {
    group_by: [{ column: 'v', bucket: 10 }],
    having: { column: 'v', op: '>', value: 10 },
  });
  assert.equal(rows[0]?.[0], '9223372036854775800', 'a condition on the result is about the lower bound');
});

it('puts numbers into the bucket whose bounds they lie between, also at decimal bounds', async () => {
  const tenths = Array.from({ length: 2001 }, (_, index) => (index - 1000) / 100);
  await load('decimals', tenths);
  for (const width of [0.1, 0.01, 0.7, 2.5]) {
    const rows = await counted('decimals', { bucket: width });
    const digits = width === 0.01 ? 2 : 1;
    const expected = new Map<number, number>();
    for (let cents = -1000; cents <= 1000; cents++) {
      const size = Math.round(width * 100);
      const lower = Number(((Math.floor(cents / size) * size) / 100).toFixed(digits)) + 0;
      expected.set(lower, (expected.get(lower) ?? 0) + 1);
    }
    assert.deepEqual(rows, [...expected], String(width));
  }
});

it('keeps NaN, infinities, nulls and numbers too large for the width as groups of their own', async () => {
  await load('special', ['NaN', 'Infinity', '-Infinity', '', 1e300, 0.5, '-0.0']);
  assert.deepEqual(await counted('special', { bucket: 0.25 }), [
    ['-Infinity', 1],
    [0, 1],
    [0.5, 1],
    [1e300, 1],
    ['Infinity', 1],
    ['NaN', 1],
    [null, 1],
  ]);
  assert.deepEqual(await counted('special', { buckets: 2 }), [
    ['-Infinity', '-Infinity', 1],
    [0, 5e299, 2],
    [5e299, 1e300, 1],
    ['Infinity', 'Infinity', 1],
    ['NaN', 'NaN', 1],
    [null, null, 1],
  ]);
});

it('divides the range of the selected rows into equal buckets with lower and upper bounds', async () => {
  await load('equal', [...Array(100).keys()]);
  assert.deepEqual(
    await counted('equal', { buckets: 20 }),
    Array.from({ length: 20 }, (_, index) => [index * 5, index * 5 + 5, 5]),
  );
  const where = { column: 'v', op: 'between', value: [10, 13] };
  assert.deepEqual(await counted('equal', { buckets: 3, as: 'from' }, { where }), [
    [10, 12, 2],
    [12, 14, 2],
  ]);
  const none = await counted('equal', { buckets: 3 }, { where: { column: 'v', op: '<', value: 0 } });
  assert.deepEqual(none, []);
  await load('fractions', [0, 0.5, 1, 1.5, 2]);
  assert.deepEqual(await counted('fractions', { buckets: 2 }), [
    [0, 1, 2],
    [1, 2, 3],
  ]);
  await load('extremes', ['9223372036854775807', '-9223372036854775808']);
  assert.deepEqual(await counted('extremes', { buckets: 2 }), [
    ['-9223372036854775808', 0, 1],
    [0, '9223372036854775808', 1],
  ]);
});

it('refuses widths and numbers of buckets that do not suit the column, with the location and the nearest one', async () => {
  await load('refused', [1, 2]);
  const at = '/query/group_by/0';
  assert.deepEqual(await refused('refused', { bucket: 2.6 }), [422, 'query_invalid', `${at}/bucket`, 3]);
  assert.deepEqual(await refused('refused', { bucket: 0 }), [422, 'query_invalid', `${at}/bucket`, 1]);
  assert.deepEqual(await refused('refused', { bucket: 'day' }), [422, 'column_unsuitable', `${at}/bucket`, undefined]);
  assert.deepEqual(await refused('refused', { buckets: 1001 }), [422, 'query_invalid', `${at}/buckets`, 1000]);
  assert.deepEqual(await refused('refused', { buckets: 2, bucket: 2 }), [
    422,
    'query_invalid',
    `${at}/buckets`,
    undefined,
  ]);
  for (const group of [{ buckets: 2 }, { bucket: 2 }]) {
    const zoned = { ...group, time_zone: 'Europe/Berlin' };
    assert.deepEqual(await refused('refused', zoned), [422, 'query_invalid', `${at}/time_zone`, undefined]);
    const text = { column: 'k', ...group };
    const pointer = `${at}/${Object.keys(group)[0]}`;
    assert.deepEqual(await refused('refused', text), [422, 'column_unsuitable', pointer, undefined]);
  }
});
