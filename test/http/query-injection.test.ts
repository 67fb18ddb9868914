import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, type RunningThena, startThena, upload } from '../server.ts';

/** Texts that would be something else where they got into a statement as they are. */
const HOSTILE = [
  `"`,
  `'`,
  `a"b`,
  `"; DROP TABLE rows; --`,
  `') UNION SELECT * FROM "other.duckdb".main.rows --`,
  `$1`,
  `?`,
  `\\`,
  `/*`,
  `o0`,
  `g0`,
  `rows`,
  `select`,
  `main.rows`,
  `_Thena upload`,
  `constructor`,
  `__proto__`,
  `%`,
  `\u{1F600} \u202E`,
];

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  await upload(thena.url, 'other', 'secret\nof another\n');
});
after(() => thena.close());

it('hostile names of columns, in a file and in a query, are names and nothing else', async () => {
  for (const [index, name] of HOSTILE.entries()) {
    const customer = `hostile-${index}`;
    const header = `"${name.replaceAll('"', '""')}",at,n`;
    const { body: sent } = await upload(
      thena.url,
      customer,
      `${header}\nx,2024-01-01 00:00:00,1\ny,2024-01-02 00:00:00,2\n`,
    );
    assert.equal(sent.status, 'complete', `${name}: ${JSON.stringify(sent.error)}`);
    const query = {
      measures: [
        { fn: 'count_distinct', column: name, as: name },
        { fn: 'max', column: name, as: `${name} ` },
        { fn: 'last', column: name, as: `${name}  ` },
      ],
      group_by: [{ column: 'at', bucket: 'year', as: `${name}   ` }],
      where: {
        or: [
          { column: name, op: '=', value: 'x' },
          { column: name, op: 'like', value: 'y%' },
          { column: name, op: 'is null' },
        ],
      },
      having: { column: name, op: '>', value: 0 },
      order_by: [{ column: `${name} `, direction: 'desc' }],
    };
    const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query } });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.result.rows, [['2024-01-01T00:00:00Z', 2, 'y', 'y']]);
    const top = await call(`${thena.url}/api/v1/analyze/`, {
      json: { customer_id: customer, analyze_type: 10005, column: name },
    });
    assert.deepEqual(top.body.result.rows, [
      ['x', 1],
      ['y', 1],
    ]);
    assert.equal(
      (await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, analyze_type: 10003 } })).status,
      200,
    );
  }
});

it('hostile texts in every place of a query are refused or compared with, and show no other table', async () => {
  await upload(
    thena.url,
    'plain',
    `s,at,n\n${HOSTILE.map((text, index) => `"${text.replaceAll('"', '""')}",2024-01-01 00:00:00,${index}\n`).join('')}`,
  );
  const count = { fn: 'count' };
  for (const [index, text] of HOSTILE.entries()) {
    const found = { measures: [{ fn: 'max', column: 'n' }, count], where: { column: 's', op: '=', value: text } };
    const places: object[] = [
      { measures: [{ fn: text }] },
      { measures: [{ fn: 'max', column: text }] },
      { measures: [{ fn: 'first', column: 'n', by: text }] },
      { measures: [{ fn: 'quantile', column: 'n', q: text }] },
      { group_by: [text] },
      { group_by: [{ column: 'at', bucket: text }] },
      { group_by: [{ column: 'at', bucket: 'day', time_zone: text }] },
      { measures: [count], where: { column: text, op: '=', value: 1 } },
      { measures: [count], where: { column: 'n', op: text, value: 1 } },
      { measures: [count], where: { column: 'n', op: '=', value: text } },
      { measures: [count], where: { column: 'at', op: '<', value: text } },
      { measures: [count], where: { [text]: [] } },
      { measures: [count], having: { column: text, op: '=', value: 1 } },
      { measures: [count], order_by: [text] },
      { measures: [count], order_by: [{ column: 'count', direction: text }] },
      { measures: [count], limit: text },
      { [text]: 1 },
    ];
    for (const query of places) {
      const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'plain', query } });
      assert.ok(status === 422 || status === 400, `${JSON.stringify(query)}: ${JSON.stringify(body)}`);
      assert.doesNotMatch(JSON.stringify(body), /secret|of another|Parser|Binder|Catalog Error/);
    }
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'plain', query: found } });
    assert.deepEqual(body.result?.rows, [[index, 1]], `${text}: ${JSON.stringify(body)}`);
  }
});
