import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, type RunningThena, resultRows, startThena } from '../server.ts';
import { tableClient } from './table-client.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '10' });
});
after(() => thena.close());

const { nextCustomer, append, undo, tableOf, typesOf, rowsOf, exported } = tableClient(
  () => thena.url,
  'unknown-columns',
);

describe('a column without values', () => {
  const EMPTY = 'at,player,score\n2023-02-06 08:00:00,,3\n2023-02-06 08:01:00,NA,4\n';

  it('has no type until a file has a value, and is null in every analysis', async () => {
    const customer = nextCustomer();
    const first = await append(customer, EMPTY);
    assert.equal(first.receipt.columns[1].type, 'unknown');
    assert.ok(first.receipt.notes.some((note: string) => /'player' has no value yet/.test(note)));
    assert.deepEqual(await typesOf(customer), ['timestamp', 'unknown', 'integer']);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[1]),
      [null, null],
    );
    const measures = ['count', 'count_distinct', 'sum', 'avg', 'min', 'max', 'median', 'stddev', 'first', 'last'].map(
      (fn) => ({ fn, column: 'player' }),
    );
    assert.deepEqual(await resultRows(thena.url, customer, { measures }), [[0, 0, ...Array(8).fill(null)]]);
    const count = [{ fn: 'count' }];
    for (const [where, rows] of [
      [{ column: 'player', op: '=', value: 9 }, 0],
      [{ not: { column: 'player', op: '=', value: 'nine' } }, 0],
      [{ column: 'player', op: 'in', value: [true] }, 0],
      [{ column: 'player', op: 'like', value: '%' }, 0],
      [{ column: 'player', op: 'is null' }, 2],
    ] as const) {
      assert.deepEqual(
        await resultRows(thena.url, customer, { measures: count, where }),
        [[rows]],
        JSON.stringify(where),
      );
    }
    assert.deepEqual(await resultRows(thena.url, customer, { measures: count, group_by: ['player'] }), [[null, 2]]);
    const having = { column: 'max_player', op: '>', value: 1 };
    const max = [{ fn: 'max', column: 'player' }];
    assert.deepEqual(await resultRows(thena.url, customer, { measures: max, having }), []);
    const profile = (await analyze(thena.url, customer, 'profile')).body.result.columns[1];
    const { type, nulls, distinct, min, quartiles } = profile;
    assert.deepEqual([type, nulls, distinct, min, quartiles], ['unknown', 2, 0, null, null]);
    const bucket = { measures: count, group_by: [{ column: 'player', bucket: 'day' }] };
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query: bucket } });
    assert.match(body.detail, /'player' has no type, because it has no value yet/);
  });

  it('is exported as nulls in every format', async () => {
    const customer = nextCustomer();
    await append(customer, EMPTY);
    assert.match(await (await exported(customer, 'csv')).text(), /08:00:00Z,,3\n/);
    assert.match(await (await exported(customer, 'ndjson')).text(), /"player":null,"score":4/);
    for (const format of ['parquet', 'arrow']) {
      const response = await exported(customer, format);
      assert.equal(response.status, 200);
      assert.ok((await response.arrayBuffer()).byteLength > 100);
    }
  });

  it('takes the type of the first file with a value, and has none again if that is undone', async () => {
    const customer = nextCustomer();
    await append(customer, EMPTY);
    await append(customer, EMPTY);
    const filled = await append(customer, 'at,player,score\n2023-02-07 09:11:00,9,5\n2023-02-07 09:12:00,10,6\n');
    assert.deepEqual(filled.receipt.widened, [{ name: 'player', from: 'unknown', to: 'integer' }]);
    assert.ok(filled.receipt.notes.some((note: string) => /'player' had no value so far and is integer/.test(note)));
    const measures = [
      { fn: 'max', column: 'player' },
      { fn: 'sum', column: 'player' },
    ];
    assert.deepEqual(await resultRows(thena.url, customer, { measures }), [[10, 19]]);
    await undo(filled);
    assert.deepEqual(await typesOf(customer), ['timestamp', 'unknown', 'integer']);
    const days = await append(customer, 'at,player,score\n2023-02-08 09:11:00,13/4/2023,5\n');
    assert.deepEqual(days.receipt.widened, [{ name: 'player', from: 'unknown', to: 'date' }]);
    assert.deepEqual((await rowsOf(customer)).at(-1)?.[1], '2023-04-13');
    await undo(days);
    // What the undone days have settled about their order is forgotten.
    const other = await append(customer, 'at,player,score\n2023-02-08 09:11:00,4/13/2023,5\n');
    assert.equal(other.receipt.columns[1].order, 'mdy');
  });

  it('becomes the time column if the table has none', async () => {
    const customer = nextCustomer();
    const empty = await append(customer, 'id,at\n1,\n2,\n');
    assert.equal((await tableOf(customer)).time_column, null);
    await append(customer, 'id,at\n3,2024-01-02 00:00:00\n4,2024-01-01 00:00:00\n');
    await append(customer, 'id,at\n5,2024-01-05 00:00:00\n');
    const { time_column, first_row_at, earliest_at, latest_at } = await tableOf(customer);
    assert.deepEqual(
      [time_column, first_row_at, earliest_at, latest_at],
      ['at', '2024-01-02T00:00:00Z', '2024-01-01T00:00:00Z', '2024-01-05T00:00:00Z'],
    );
    await undo(empty);
    assert.equal((await tableOf(customer)).earliest_at, '2024-01-01T00:00:00Z');
  });

  it('becomes the time column that the upload names', async () => {
    const customer = nextCustomer();
    await append(customer, 'a,b\n,\n');
    await append(customer, 'a,b\n2024-01-01,2024-02-02\n', '?time_column=b');
    assert.equal((await tableOf(customer)).time_column, 'b');
  });

  it('becomes the declared time column, and no other', async () => {
    const customer = nextCustomer();
    await call(`${thena.url}/api/v1/customers`, { json: { customer_id: customer, time_column: 'b' } });
    await append(customer, 'a,b\n,\n');
    await append(customer, 'a,b\n2024-01-01,\n');
    assert.equal((await tableOf(customer)).time_column, null);
    await append(customer, 'a,b\n2024-01-02,2024-02-02\n');
    assert.equal((await tableOf(customer)).time_column, 'b');
    assert.equal((await tableOf(customer)).latest_at, '2024-02-02');
  });
});
