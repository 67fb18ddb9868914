import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { call, type Reply, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

type Query = Readonly<Record<string, string | number | readonly string[]>>;

function urlOf(customer: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) parameters.append(name, String(each));
  }
  return `${thena.url}/api/v1/customers/${customer}/table/rows?${parameters}`;
}

const page = (customer: string, query: Query = {}): Promise<Reply> => call(urlOf(customer, query));

/** The rows of all pages. `between` is called after each page. */
async function pages(customer: string, query: Query, between?: (index: number) => unknown): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  let cursor: string | null = null;
  for (let index = 0; index === 0 || cursor !== null; index++) {
    const { status, body } = await page(customer, { ...query, ...(cursor !== null && { cursor }) });
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.rows.length <= Number(query.limit));
    rows.push(...body.rows);
    cursor = body.next_cursor;
    await between?.(index);
  }
  return rows;
}

/** Rows `from` to `to`, exclusive. */
function csv(from: number, to: number): string {
  const lines = Array.from({ length: to - from }, (_, index) => `${from + index},t${(from + index) % 7},2024-01-01\n`);
  return `n,kind,day\n${lines.join('')}`;
}

async function send(customer: string, text: string): Promise<Reply> {
  const sent = await upload(thena.url, customer, text);
  assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
  return sent;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const inOrder = (rows: unknown[][]): number[] => rows.map(([n]) => n as number).sort((a, b) => a - b);

it('lists every row exactly once, upload by upload, with columns, types and the version of the table', async () => {
  await send('turns', csv(2000, 4500));
  await send('turns', csv(0, 2000));
  await send('turns', csv(4500, 5000));
  const { body } = await page('turns');
  assert.deepEqual(
    { ...body, rows: body.rows.length, next_cursor: typeof body.next_cursor },
    {
      customer_id: 'turns',
      columns: [
        { name: 'n', type: 'integer' },
        { name: 'kind', type: 'text' },
        { name: 'day', type: 'date' },
      ],
      rows: 100,
      offset: 0,
      total_rows: 5000,
      next_cursor: 'string',
      table: { rows: 5000, version: 3 },
    },
  );
  assert.doesNotMatch(JSON.stringify(body), /_thena/);
  for (const limit of [7, 500, 1000]) {
    const rows = await pages('turns', { limit, columns: 'n,kind,day' });
    const found = rows.map(([n]) => n as number);
    assert.deepEqual(inOrder(rows.slice(0, 2500)), numbers(2000, 4500), 'the first upload');
    assert.deepEqual(inOrder(rows.slice(2500, 4500)), numbers(0, 2000), 'the second');
    assert.deepEqual(inOrder(rows.slice(4500)), numbers(4500, 5000), 'the third');
    assert.deepEqual(rows[0]?.slice(1), [`t${Number(found[0]) % 7}`, '2024-01-01']);
    assert.deepEqual(rows, await pages('turns', { limit: 1000 }), 'the order does not depend on the page size');
  }
});

it('applies the condition and the selected columns to all pages', async () => {
  await send('chosen', csv(0, 3000));
  const where = JSON.stringify({
    and: [
      { column: 'kind', op: 'in', value: ['t1', 't5'] },
      { column: 'N', op: '>=', value: 100 },
    ],
  });
  const rows = await pages('chosen', { limit: 50, where, columns: ['KIND', 'n'] });
  const wanted = numbers(100, 3000).filter((n) => n % 7 === 1 || n % 7 === 5);
  assert.deepEqual(
    rows.map(([, n]) => n as number).sort((a, b) => a - b),
    wanted,
  );
  assert.ok(rows.every(([kind, n]) => kind === `t${Number(n) % 7}`));
  const none = await page('chosen', { where: '{"column":"n","op":"<","value":0}' });
  assert.deepEqual([none.body.rows, none.body.next_cursor], [[], null]);
});

it('is not disturbed by uploads between two pages: failed ones never appear, complete ones come last', async () => {
  // More rows than a row group has, so that deleting the rows of the failed upload moves the rows after them.
  const bad = `${csv(0, 130_000)}none,t,2024-01-01\n`;
  await send('between', csv(0, 1000));
  const failed = await upload(thena.url, 'between', bad);
  assert.equal(failed.body.status, 'failed');
  await send('between', csv(1000, 2000));
  const rows = await pages('between', { limit: 300 }, async (index) => {
    if (index === 3) await upload(thena.url, 'between', bad);
    if (index === 4) await send('between', csv(2000, 2500));
  });
  assert.deepEqual(
    rows.map(([n]) => n),
    numbers(0, 2500),
  );
});

it('expires the cursor if an upload is undone, and then lists the remaining rows', async () => {
  const first = await send('undone', csv(0, 150_000));
  await send('undone', csv(150_000, 151_000));
  const { next_cursor: cursor } = (await page('undone', { limit: 1000 })).body;
  await call(`${thena.url}/api/v1/uploads/${first.body.id}`, { method: 'DELETE' });
  const outdated = await page('undone', { cursor });
  assert.deepEqual([outdated.status, outdated.body.code], [410, 'cursor_outdated']);
  const rows = await pages('undone', { limit: 100 }, async (index) => {
    // Meanwhile housekeeping deletes rows, and each checkpoint may move the others.
    if (index < 3) await send('undone', csv(151_000 + index, 151_001 + index));
  });
  assert.deepEqual(
    rows.map(([n]) => n),
    numbers(150_000, 151_003),
  );
});

it('expires the cursors of a deleted customer for a new customer with the same ID', async () => {
  await send('again', csv(0, 100));
  const { next_cursor: cursor } = (await page('again', { limit: 10 })).body;
  assert.equal((await call(`${thena.url}/api/v1/customers/again`, { method: 'DELETE' })).status, 204);
  await send('again', csv(0, 100));
  assert.equal((await page('again', { cursor })).body.code, 'cursor_outdated');
});

it('refuses invalid parameters with the location of the error', async () => {
  await send('refused', csv(0, 10));
  const ask = async (query: Query) => {
    const { status, body } = await page('refused', query);
    return [status, body.code, body.pointer ?? body.errors?.[0]?.pointer];
  };
  assert.deepEqual(await ask({ columns: 'n,amuont' }), [422, 'column_not_found', '/columns/1']);
  assert.deepEqual(await ask({ columns: 'n,N' }), [422, 'query_invalid', '/columns/1']);
  assert.deepEqual(await ask({ columns: '_thena_upload' }), [422, 'column_not_found', '/columns/0']);
  assert.deepEqual(await ask({ where: 'n 1' }), [422, 'query_invalid', '/where']);
  assert.deepEqual(await ask({ where: '[]' }), [422, 'query_invalid', '/where']);
  const deep = { where: '{"and":[{"column":"n","op":"=","value":"one"}]}' };
  assert.deepEqual(await ask(deep), [422, 'value_invalid', '/where/and/0/value']);
  const hidden = { where: '{"column":"_thena_upload","op":"=","value":1}' };
  assert.deepEqual(await ask(hidden), [422, 'column_not_found', '/where/column']);
  assert.deepEqual(await ask({ limit: 0 }), [400, 'bad_request', '/limit']);
  assert.deepEqual(await ask({ limit: 1001 }), [400, 'bad_request', '/limit']);
  assert.equal((await ask({ page: 1 }))[1], 'bad_request');
  const encoded = (text: string): string => Buffer.from(text).toString('base64url');
  for (const cursor of [
    'x',
    encoded('1 2'),
    encoded(`1 0 ${'9'.repeat(50)}`),
    '%00',
    encoded("0 0 '; DROP TABLE rows"),
  ]) {
    const [status] = await ask({ cursor });
    assert.ok(status === 400 || status === 410, cursor);
  }
  assert.equal((await page('nobody')).body.code, 'customer_not_found');
});

it('refuses a cursor with a forged position', async () => {
  await send('forged', csv(0, 10));
  const { next_cursor: cursor } = (await page('forged', { limit: 3 })).body;
  const [life, generation, row] = Buffer.from(cursor, 'base64url').toString().split(' ');
  for (const position of ['7-1-0', 'x', '1-2-0;', '-1-0-0']) {
    const forged = Buffer.from([life, generation, row, position].join(' ')).toString('base64url');
    assert.equal((await page('forged', { cursor: forged })).body.code, 'cursor_outdated', position);
  }
});

it('treats hostile column names and values as plain text', async () => {
  const names = ['a,b', '"; DROP TABLE rows; --', "it's", 'o0', '__proto__'];
  const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',');
  await send('hostile', `${header}\n1,"' OR 1=1 --",x,%,"\uFEFF\\"\n2,b,y,_,z\n`);
  const { body } = await page('hostile', { columns: [...names].reverse() });
  assert.deepEqual(
    body.columns.map(({ name }: { name: string }) => name),
    [...names].reverse(),
  );
  assert.deepEqual(body.rows[0], ['\uFEFF\\', '%', 'x', "' OR 1=1 --", 1]);
  const where = JSON.stringify({ column: names[1], op: '=', value: "' OR 1=1 --" });
  assert.deepEqual((await page('hostile', { where, columns: 'a,b' })).body.rows, [[1]]);
});
