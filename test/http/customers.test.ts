import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { analyze, call, type Reply, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const CSV = 'day,amount\n2024-01-02,1\n2024-01-01,2\n';
const create = (json: unknown): Promise<Reply> => call(`${thena.url}/api/v1/customers`, { json });
const see = (id: string): Promise<Reply> => call(`${thena.url}/api/v1/customers/${id}`);

test('creates a customer with a key that is shown once', async () => {
  const { status, body, headers } = await create({ customer_id: 42 });
  assert.equal(status, 201);
  assert.equal(headers.get('location'), '/api/v1/customers/42');
  assert.equal(body.customer.id, '42');
  assert.equal(body.customer.table, null);
  assert.match(body.api_key.key, /^thena_[\w-]{43}$/);
  assert.deepEqual(body.api_key.rights, ['read', 'upload', 'undo']);
  assert.equal((await call(`${thena.url}${headers.get('location')}`)).body.id, '42');
  assert.deepEqual(
    [(await create({ id: '42' })).status, (await create({ id: '42' })).body.code],
    [409, 'customer_exists'],
  );
});

test('refuses to create a customer with a missing, invalid or ambiguous ID', async () => {
  assert.equal((await create({})).body.code, 'customer_id_missing');
  assert.equal((await create({ customer_id: 'a b' })).body.code, 'customer_id_invalid');
  assert.equal((await create({ customer_id: 1, id: 2 })).body.code, 'bad_request');
});

test('checks declared columns by the rules for columns of files', async () => {
  const columns = (...names: string[]) => names.map((name) => ({ name, type: 'text' }));
  for (const [declaration, code] of [
    [{ columns: columns('a', 'b', 'c', 'd', 'e', 'f') }, 'too_many_columns'],
    [{ columns: columns('a', 'A') }, 'duplicate_column'],
    [{ columns: columns('_thena_x') }, 'column_name_invalid'],
    [{ columns: columns('a\u0000b') }, 'column_name_invalid'],
    [{ columns: columns('at'), time_column: 'at' }, 'time_column_unknown'],
    [{ columns: [{ name: 'a', type: 'blob' }] }, 'bad_request'],
    [{ columns: [] }, 'bad_request'],
    [{ columns: [{ name: 'a', type: 'date', format: '%Q' }] }, 'time_format_unknown'],
    [{ columns: [{ name: 'a', type: 'text', format: '%d.%m.%Y' }] }, 'time_format_unknown'],
    [{ columns: [{ name: 'a', type: 'timestamp', time_zone: 'Mars/Base' }] }, 'time_zone_unknown'],
    [{ columns: [{ name: 'a', type: 'date', time_zone: 'UTC' }] }, 'upload_option_invalid'],
    [{ defaults: { decimal: '!' } }, 'upload_option_invalid'],
    [{ defaults: { decimal: ',', thousands: ',' } }, 'upload_option_invalid'],
    [{ defaults: { date_order: 'ydm' } }, 'upload_option_invalid'],
    [{ defaults: { time_zone: 'Mars/Base' } }, 'time_zone_unknown'],
    [{ defaults: { delimiter: 'ab' } }, 'upload_option_invalid'],
    [{ defaults: { dry_run: true } }, 'bad_request'],
    [{ defaults: { surplus: 'keep' } }, 'bad_request'],
  ] as const) {
    const { body } = await create({ customer_id: 'declared', ...declaration });
    assert.equal(body.code, code, JSON.stringify(declaration));
  }
  assert.equal((await see('declared')).status, 404);
});

test('shows the options that a customer has declared', async () => {
  const defaults = { decimal: 'comma', nulls: 'NA, -', time_zone: 'europe/berlin', date_order: 'dmy' };
  const columns = [
    { name: 'At', type: 'timestamp', format: 'epoch_ms', time_zone: 'America/New_York' },
    { name: 'day', type: 'date' },
  ];
  assert.equal((await create({ customer_id: 'defaults', defaults, columns })).status, 201);
  const { declared } = (await see('defaults')).body;
  const given = Object.entries(declared.defaults).filter(([, value]) => value !== null);
  assert.deepEqual(Object.fromEntries(given), {
    decimal: ',',
    nulls: ['NA', '-'],
    time_zone: 'Europe/Berlin',
    date_order: 'dmy',
  });
  assert.equal(Object.keys(declared.defaults).length, 17);
  assert.deepEqual(declared.columns, [columns[0], { name: 'day', type: 'date', format: null, time_zone: null }]);
});

test('loads only rows that fit the declared columns, and reads dates in the declared format', async () => {
  const columns = [
    { name: 'day', type: 'date', format: '%d/%m/%Y' },
    { name: 'code', type: 'text' },
    { name: 'amount', type: 'integer' },
  ];
  const created = await create({ customer_id: 'schema', columns });
  assert.deepEqual(created.body.customer.declared.columns[0], { ...columns[0], time_zone: null });
  const first = await upload(thena.url, 'schema', 'amount,day,code\n1,03/04/2024,007\n2,05/04/2024,8\n');
  assert.equal(first.body.status, 'complete', JSON.stringify(first.body));
  assert.deepEqual(first.body.receipt.warnings, []);
  const table = (await call(`${thena.url}/api/v1/customers/schema/table`)).body;
  assert.deepEqual([table.earliest_at, table.latest_at], ['2024-04-03', '2024-04-05']);
  assert.deepEqual(
    table.columns.map(({ type }: { type: string }) => type),
    ['date', 'text', 'integer'],
  );
  const second = await upload(thena.url, 'schema', 'day,code,amount\n06/04/2024,x,1\n07/04/2024,y,1.5\n');
  assert.deepEqual(
    second.body.error.rejects.map(({ line, column, code }: Record<string, unknown>) => [line, column, code]),
    [[3, 'amount', 'has_fraction']],
  );
  assert.equal((await upload(thena.url, 'schema', 'day,code\n06/04/2024,x\n')).body.code, 'columns_differ');
});

test('uses the declared time column in analyses', async () => {
  await create({ customer_id: 'chosen', time_column: 'shipped' });
  const sent = await upload(thena.url, 'chosen', 'ordered,shipped\n2024-01-01,2024-01-05\n2024-01-03,2024-01-06\n');
  assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
  const { result } = (await analyze(thena.url, 'chosen', 10000)).body;
  assert.deepEqual([result.time_column, result.seconds], ['shipped', 86_400]);
});

test('returns the columns, the row count and the times of a table', async () => {
  assert.deepEqual((await create({ customer_id: 'table' })).status, 201);
  const empty = await call(`${thena.url}/api/v1/customers/table/table`);
  assert.deepEqual([empty.status, empty.body.code], [409, 'table_empty']);
  assert.equal((await analyze(thena.url, 'table', 10001)).body.code, 'table_empty');
  await upload(thena.url, 'table', CSV);
  const { body } = await call(`${thena.url}/api/v1/customers/table/table`);
  assert.deepEqual(body, {
    customer_id: 'table',
    columns: [
      { name: 'day', type: 'date' },
      { name: 'amount', type: 'integer' },
    ],
    time_column: 'day',
    rows: 2,
    version: 1,
    first_row_at: '2024-01-02',
    earliest_at: '2024-01-01',
    latest_at: '2024-01-02',
  });
  const { result } = (await analyze(thena.url, 'table', 10000)).body;
  assert.deepEqual([result.seconds, result.duration], [0, 'PT0S']);
});

test('deletes a customer with its table, uploads and keys, after which its ID can be reused', async () => {
  const sent = await upload(thena.url, 'leaves', CSV);
  assert(readdirSync(join(thena.dataDir, 'tables')).some((name) => name.startsWith('leaves')));
  const gone = await call(`${thena.url}/api/v1/customers/leaves/`, { method: 'DELETE' });
  assert.equal(gone.status, 204);
  assert.equal((await see('leaves')).status, 404);
  assert.equal((await call(`${thena.url}/api/v1/uploads/${sent.body.id}`)).status, 404);
  assert(!readdirSync(join(thena.dataDir, 'tables')).some((name) => name.startsWith('leaves')));
  assert.equal((await upload(thena.url, 'leaves', 'other,columns\n1,2\n')).body.status, 'complete');
  assert.deepEqual((await analyze(thena.url, 'leaves', 10001)).body.table, { rows: 1, version: 1 });
});

test('refuses to delete a customer with unfinished uploads', async () => {
  const rows = `day,amount\n${'2024-01-02,1\n'.repeat(500_000)}`;
  const sent = await call(`${thena.url}/api/v1/customers/busy/uploads`, { method: 'PUT', body: rows });
  assert.equal(sent.status, 202);
  const refused = await call(`${thena.url}/api/v1/customers/busy`, { method: 'DELETE' });
  assert.deepEqual([refused.status, refused.body.code], [409, 'customer_busy']);
  assert.deepEqual(refused.body.uploads, [sent.body.id]);
});

test('refuses a file whose customer is deleted while it is received, and does not create the customer again', async () => {
  await upload(thena.url, 'on-its-way', CSV);
  const sender = request(`${thena.url}/api/v1/customers/on-its-way/uploads`, { method: 'PUT' });
  const answered = once(sender, 'response');
  sender.write(CSV);
  await sleep(100);
  assert.equal((await call(`${thena.url}/api/v1/customers/on-its-way`, { method: 'DELETE' })).status, 204);
  sender.end('2024-01-03,3\n');
  const [response] = await answered;
  const body = JSON.parse(await text(response));
  assert.deepEqual([response.statusCode, body.code], [404, 'customer_not_found']);
  assert.equal((await see('on-its-way')).status, 404);
});

test('loses no acknowledged upload if customers are deleted during uploads', async () => {
  for (let round = 0; round < 5; round++) {
    await upload(thena.url, 'contested', CSV);
    const sends = Array.from({ length: 8 }, async (_, index) => {
      await sleep(index * 3);
      return call(`${thena.url}/api/v1/customers/contested/uploads`, { method: 'PUT', body: CSV });
    });
    await sleep(round * 3);
    const deleted = await call(`${thena.url}/api/v1/customers/contested`, { method: 'DELETE' });
    for (const { status, body } of await Promise.all(sends)) {
      if (status !== 202) {
        assert.match(body.code, /^customer_(busy|not_found)$/);
        continue;
      }
      // A deleted upload was complete before the deletion.
      const seen = await call(`${thena.url}/api/v1/uploads/${body.id}`);
      const completed = thena.observations.some((one) => one.kind === 'upload_completed' && one.uploadId === body.id);
      assert.ok(
        completed || (seen.status === 200 && seen.body.status !== 'failed'),
        `${deleted.status} ${seen.status}`,
      );
    }
    for (;;) {
      const { status } = await call(`${thena.url}/api/v1/customers/contested`, { method: 'DELETE' });
      if (status !== 409) break;
      await sleep(20);
    }
  }
});

test('lists customers by ID, in pages', async () => {
  await create({ customer_id: 'zz1' });
  await create({ customer_id: 'zz2' });
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { body }: Reply = await call(`${thena.url}/api/v1/customers?limit=1${query}`);
    assert(body.items.length <= 1);
    ids.push(...body.items.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(ids, [...ids].sort());
  assert(ids.includes('zz1') && ids.includes('zz2'));
});
