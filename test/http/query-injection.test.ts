import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, type RunningThena, startThena, upload } from '../server.ts';

/** Texts that would have another meaning if they became part of a statement unescaped. */
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
  `m0`,
  `t`,
  `v`,
  `rowid`,
  `COLUMNS(*)`,
  `*`,
  `read_csv('/etc/passwd')`,
  `a.b`,
  `--`,
  `; ATTACH 'x.db'`,
  `{"a":1}`,
  `\\E.*`,
  `ﬁ İ ß`,
  `${'long '.repeat(50)}er`,
  `_Thena upload`,
  `constructor`,
  `__proto__`,
  `%`,
  `\u{1F600} \u202E`,
];

/** Data of another table, or messages of DuckDB. */
const LEAK = /secret|of another|Parser Error|Binder Error|Catalog Error|root:/;

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  await upload(thena.url, 'other', 'secret\nof another\n');
});
after(() => thena.close());

it('treats hostile column names, in files and in queries, only as names', async () => {
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

it('refuses hostile texts anywhere in a query or treats them as values, and reveals no other table', async () => {
  await upload(
    thena.url,
    'plain',
    `s,at,n\n${HOSTILE.map((text, index) => `"${text.replaceAll('"', '""')}",2024-01-01 00:00:00,${index}\n`).join('')}`,
  );
  const count = { fn: 'count' };
  for (const [index, text] of HOSTILE.entries()) {
    // As the name of a result column, or escaped in a pattern, it has no other meaning.
    const named = [
      {
        measures: [{ fn: 'max', column: 'n', as: text }],
        having: { column: text, op: '>', value: -1 },
        order_by: [text],
      },
      { group_by: [{ column: 'at', bucket: 'day', as: text }], order_by: [{ column: text, direction: 'desc' }] },
    ];
    for (const query of named) {
      const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'plain', query } });
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(body.result.columns[0].name, text);
    }
    const pattern = text.replaceAll(/[\\%_]/g, '\\$&');
    for (const value of [pattern, `${pattern}%`, `%${pattern}`, `%${pattern}%`, `${pattern}%%_%`, `_%${pattern}`]) {
      const like = { measures: [count], where: { column: 's', op: 'like', value } };
      const { status, body } = await call(`${thena.url}/api/v1/analyze/`, {
        json: { customer_id: 'plain', query: like },
      });
      assert.equal(status, 200, JSON.stringify(body));
      const [before, after] = [value.startsWith('%') || value.startsWith('_%'), value.endsWith('%')];
      const min = { [`${pattern}%%_%`]: [0, 1], [`_%${pattern}`]: [1, 0] }[value] ?? [0, 0];
      const fits = HOSTILE.filter((each) => {
        for (let at = each.indexOf(text); at !== -1; at = each.indexOf(text, at + 1)) {
          const [left, right] = [[...each.slice(0, at)].length, [...each.slice(at + text.length)].length];
          const fitsLeft = before ? left >= (min[0] as number) : left === 0;
          if (fitsLeft && (after ? right >= (min[1] as number) : right === 0)) return true;
        }
        return false;
      });
      assert.equal(body.result.rows[0][0], fits.length, value);
    }
    const types = [
      { customer_id: 'plain', analyze_type: text },
      { customer_id: 'plain', analyzer_type: text },
      { customer_id: text, analyze_type: 10003 },
      { customer_id: 'plain', analyze_type: 10004, column: text },
      { customer_id: 'plain', analyze_type: 10004, bucket: text },
      { customer_id: 'plain', analyze_type: 10004, time_zone: text },
      { customer_id: 'plain', analyze_type: 10005, column: text },
      { customer_id: 'plain', analyze_type: 10005, column: 's', limit: text },
      { customer_id: 'plain', analyze_type: 10005, column: 's', [text]: 1 },
    ];
    for (const json of types) {
      const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json });
      assert.ok(status >= 400 && status < 500, `${JSON.stringify(json)}: ${JSON.stringify(body)}`);
      assert.doesNotMatch(JSON.stringify(body), LEAK);
    }
    const found = { measures: [{ fn: 'max', column: 'n' }, count], where: { column: 's', op: '=', value: text } };
    const places: object[] = [
      { measures: [{ fn: text }] },
      { measures: [{ fn: 'max', column: text }] },
      { measures: [{ fn: 'first', column: 'n', by: text }] },
      { measures: [{ fn: 'quantile', column: 'n', q: text }] },
      { measures: [{ fn: 'max', column: 'n', [text]: 1 }] },
      { group_by: [text] },
      { group_by: [{ column: text, bucket: 'day' }] },
      { group_by: [{ column: 'at', bucket: text }] },
      { group_by: [{ column: 'at', bucket: 'day', time_zone: text }] },
      { measures: [count], where: { column: text, op: '=', value: 1 } },
      { measures: [count], where: { column: 'n', op: text, value: 1 } },
      { measures: [count], where: { column: 'n', op: '=', value: text } },
      { measures: [count], where: { column: 'at', op: '<', value: text } },
      { measures: [count], where: { column: 'n', op: 'in', value: [1, text] } },
      { measures: [count], where: { column: 'at', op: 'between', value: ['2024-01-01', text] } },
      { measures: [count], where: { [text]: [] } },
      { measures: [count], having: { column: text, op: '=', value: 1 } },
      { measures: [count], order_by: [text] },
      { measures: [count], order_by: [{ column: 'count', direction: text }] },
      { measures: [count], order_by: [{ column: text }] },
      { measures: [count], order_by: [{ column: 'count', nulls: text }] },
      { measures: [count], limit: text },
      { [text]: 1 },
    ];
    for (const query of places) {
      const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'plain', query } });
      assert.ok(status === 422 || status === 400, `${JSON.stringify(query)}: ${JSON.stringify(body)}`);
      assert.doesNotMatch(JSON.stringify(body), LEAK);
    }
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'plain', query: found } });
    assert.deepEqual(body.result?.rows, [[index, 1]], `${text}: ${JSON.stringify(body)}`);
  }
});

it('refuses a file with column names that Thena or DuckDB could confuse', async () => {
  const header = (names: readonly string[]) => upload(thena.url, 'names', `${names.join(',')}\n1,2\n`);
  for (const [names, code] of [
    [['_thena_upload', 'a'], 'column_name_invalid'],
    [['a', '_THENA_x'], 'column_name_invalid'],
    [['a', 'A'], 'duplicate_column'],
    [['Straße', 'STRAẞE'], 'duplicate_column'],
    [['x'.repeat(256), 'a'], 'column_name_invalid'],
  ] as const) {
    const { status, body } = await header(names);
    assert.deepEqual([status, body.code], [422, code], JSON.stringify(body));
  }
  const query = { measures: [{ fn: 'max', column: '_thena_upload' }] };
  const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'plain', query } });
  assert.equal(body.code, 'column_not_found');
  assert.deepEqual(body.choices, ['s', 'at', 'n']);
});
