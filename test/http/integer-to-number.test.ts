import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, ended, put, type RunningThena, resultRows, startThena, WAIT } from '../server.ts';
import { tableClient } from './table-client.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '10' });
});
after(() => thena.close());

const { nextCustomer, append, undo, typesOf, rowsOf, exported } = tableClient(() => thena.url, 'integer-to-number');

describe('an integer column', () => {
  const WHOLE = 'day,amount\n2024-01-01,5\n2024-01-02,7\n';
  const DECIMALS = 'day,amount\n2024-01-03,7.5\n2024-01-04,8\n';
  const amount = { measures: [{ fn: 'sum', column: 'amount' }] };

  it('becomes number when decimals come', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const { receipt } = await append(customer, DECIMALS);
    assert.deepEqual(receipt.widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    assert.ok(receipt.notes.includes("Column 'amount' was integer and becomes number. Line 2: '7.5'."));
    assert.deepEqual(await typesOf(customer), ['date', 'number']);
    const later = await append(customer, 'day,amount\n2024-01-05,9\n');
    assert.deepEqual(later.receipt.widened, []);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[1]),
      [5, 7, 7.5, 8, 9],
    );
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[36.5]]);
    const where = { column: 'amount', op: '>=', value: 7.5 };
    assert.deepEqual(await resultRows(thena.url, customer, { ...amount, where }), [[24.5]]);
    const groups = { group_by: ['amount'], measures: [{ fn: 'count' }], order_by: ['amount'], limit: 3 };
    assert.deepEqual(await resultRows(thena.url, customer, groups), [
      [5, 1],
      [7, 1],
      [7.5, 1],
    ]);
    const edges = {
      measures: [
        { fn: 'first', column: 'amount' },
        { fn: 'last', column: 'amount' },
      ],
    };
    assert.deepEqual(await resultRows(thena.url, customer, edges), [[5, 9]]);
    const profile = (await analyze(thena.url, customer, 'profile')).body.result.columns[1];
    assert.deepEqual([profile.type, profile.min, profile.max, profile.mean], ['number', 5, 9, 7.3]);
  });

  it('is read and exported alike, page by page and in every format', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    await append(customer, DECIMALS);
    const first = (await call(`${thena.url}/api/v1/customers/${customer}/table/rows?limit=1`)).body;
    assert.deepEqual(first.columns[1], { name: 'amount', type: 'number' });
    const rest = await rowsOf(customer, `?limit=5&cursor=${first.next_cursor}`);
    assert.deepEqual(
      [...first.rows, ...rest].map((row) => row[1]),
      [5, 7, 7.5, 8],
    );
    assert.deepEqual(
      (await (await exported(customer, 'csv')).text())
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.split(',')[1])),
      [5, 7, 7.5, 8],
    );
    const lines = (await (await exported(customer, 'ndjson')).text()).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).amount),
      [5, 7, 7.5, 8],
    );
    const { tableFromIPC } = await import('apache-arrow');
    const arrow = tableFromIPC(new Uint8Array(await (await exported(customer, 'arrow')).arrayBuffer()));
    assert.deepEqual([...(arrow.getChild('amount') ?? [])], [5, 7, 7.5, 8]);
    assert.equal((await exported(customer, 'parquet')).status, 200);
  });

  it('is integer again if the uploads with decimals are undone, and keeps whole numbers that came later', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const one = await append(customer, DECIMALS);
    const two = await append(customer, DECIMALS);
    await append(customer, 'day,amount\n2024-01-05,9\n2024-01-06,\n');
    await undo(one);
    assert.deepEqual(await typesOf(customer), ['date', 'number']);
    await undo(two);
    assert.deepEqual(await typesOf(customer), ['date', 'integer']);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[1]),
      [5, 7, 9, null],
    );
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[21]]);
    assert.match(await (await exported(customer, 'csv')).text(), /2024-01-05,9\n/);
    const again = await append(customer, DECIMALS);
    assert.deepEqual(again.receipt.widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[36.5]]);
  });

  it('becomes number on behalf of a late value of a large file', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const many = Array.from({ length: 200_000 }, (_, index) => `2024-02-01,${index % 10}`).join('\n');
    const { receipt } = await append(customer, `day,amount\n${many}\n2024-02-02,0.5\n`);
    assert.equal(receipt.appended, 200_001);
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[900_012.5]]);
  });

  it('stays integer if it has an integer that a number column would change, and says so', async () => {
    const customer = nextCustomer();
    const large = await append(customer, 'id,n\n9007199254740993,1\n');
    const { body } = await put(thena.url, customer, 'id,n\n1.5,2\n', WAIT);
    assert.equal(body.error?.code, 'rows_rejected');
    assert.match(body.error.hint, /'id' stays integer: it has values beyond 2\^53 .* set widen=text:id/);
    assert.deepEqual(await typesOf(customer), ['integer', 'integer']);
    const { body: retried } = await call(`${thena.url}/api/v1/uploads/${body.id}/retry?widen=text:id`, {
      method: 'POST',
      headers: WAIT,
    });
    assert.deepEqual(retried.receipt?.widened, [{ name: 'id', from: 'integer', to: 'text' }]);
    assert.deepEqual(
      (await rowsOf(customer)).map((row) => row[0]),
      ['9007199254740993', '1.5'],
    );
    await undo(retried);
    await undo(large);
    // 10^17 is one that a 64-bit float is written as.
    await append(customer, 'id,n\n100000000000000000,1\n');
    await append(customer, 'id,n\n1.5,2\n');
    assert.deepEqual(await resultRows(thena.url, customer, { measures: [{ fn: 'max', column: 'id' }] }), [[10 ** 17]]);
  });

  it('stays integer if it was declared so', async () => {
    const customer = nextCustomer();
    const columns = [{ name: 'n', type: 'integer' }];
    await call(`${thena.url}/api/v1/customers`, { json: { customer_id: customer, columns } });
    await append(customer, 'n\n1\n');
    const { body } = await put(thena.url, customer, 'n\n1.5\n', WAIT, '?widen=text');
    assert.match(body.error?.hint, /'n' is declared as integer. .* declared as number/);
    assert.deepEqual(await typesOf(customer), ['integer']);
  });

  it('stays integer if the upload is a dry run, or is refused for another reason', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const dry = await append(customer, DECIMALS, '?dry_run=true');
    assert.deepEqual(dry.receipt.widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    const { body } = await put(thena.url, customer, `${DECIMALS}never,1\n`, WAIT);
    assert.equal(body.error?.code, 'rows_rejected');
    assert.deepEqual(await typesOf(customer), ['date', 'integer']);
    assert.deepEqual(await rowsOf(customer), [
      ['2024-01-01', 5],
      ['2024-01-02', 7],
    ]);
  });

  it('is widened by two uploads that wait in the queue at the same time', async () => {
    const customer = nextCustomer();
    await append(customer, WHOLE);
    const sent = await Promise.all(
      [DECIMALS, 'day,amount\n2024-01-07,0.25\n'].map((csv) => put(thena.url, customer, csv)),
    );
    const uploads = await Promise.all(sent.map(({ body }) => ended(thena.url, body.id)));
    const widened = uploads.flatMap(({ receipt }) => receipt.widened);
    assert.deepEqual(widened, [{ name: 'amount', from: 'integer', to: 'number' }]);
    assert.deepEqual(await resultRows(thena.url, customer, amount), [[27.75]]);
  });
});
