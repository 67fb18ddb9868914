import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Random, randomOf } from '../random.ts';
import { call, type Reply, type RunningThena, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_OPEN_TABLES: '2' });
});
after(() => thena.close());

type Query = Readonly<Record<string, string | number>>;

const page = (customer: string, query: Query): Promise<Reply> =>
  call(`${thena.url}/api/v1/customers/${customer}/table/rows?${new URLSearchParams(query as Record<string, string>)}`);

/** A file of consecutive integers. DuckDB reads some of these files directly; others are rewritten first. */
function csv(from: number, to: number, padded: boolean): string {
  const pad = padded ? ' ' : '';
  return `n\n${Array.from({ length: to - from }, (_, index) => `${pad}${from + index}\n`).join('')}`;
}

async function exported(customer: string): Promise<number[]> {
  const { body } = await call(`${thena.url}/api/v1/customers/${customer}/table/export?format=csv`);
  return String(body).trim().split('\n').slice(1).map(Number);
}

/** Uploads, failures, dry runs and undos in a random order. */
async function change(customer: string, random: Random, uploads: string[]): Promise<void> {
  const from = random.integer(1_000_000);
  // More rows than a row group has, now and then: then a purge moves the rows after them.
  const text = csv(from, from + 1 + random.integer(random.integer(4) === 0 ? 150_000 : 900), random.integer(2) === 0);
  switch (random.integer(6)) {
    case 0: {
      const [id] = uploads.splice(random.integer(uploads.length), 1);
      if (id && uploads.length > 0) await call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
      else if (id) uploads.push(id);
      return;
    }
    case 1:
      assert.equal((await upload(thena.url, customer, `${text}none\n`)).body.status, 'failed');
      return;
    default: {
      const { body } = await upload(thena.url, customer, text);
      assert.equal(body.status, 'complete', JSON.stringify(body));
      uploads.push(body.id);
    }
  }
}

it('finds each row by its number, in the order of an export, after uploads, failures, undos and purges', async () => {
  const seed = Number(process.env.SEED ?? 5);
  const random = randomOf(seed);
  const uploads: string[] = [];
  await change('numbers', { ...random, integer: () => 5 }, uploads);
  for (let round = 0; round < 25; round++) {
    await change('numbers', random, uploads);
    // Detaches the table of the first customer, so that everything about it is read again.
    for (const other of round % 8 === 7 ? ['b', 'c'] : []) await upload(thena.url, other, csv(0, 10, false));
    const all = await exported('numbers');
    for (const offset of [0, all.length - 1, ...Array.from({ length: 6 }, () => random.integer(all.length))]) {
      const limit = 1 + random.integer(20);
      const { status, body } = await page('numbers', { offset, limit });
      const context = `seed ${seed}, round ${round}, offset ${offset}`;
      assert.equal(status, 200, `${context}: ${JSON.stringify(body)}`);
      assert.deepEqual(body.rows.flat(), all.slice(offset, offset + limit), context);
      assert.deepEqual([body.offset, body.total_rows], [offset, all.length], context);
      if (body.next_cursor === null) {
        assert.equal(offset + body.rows.length, all.length, context);
        continue;
      }
      const next = (await page('numbers', { cursor: body.next_cursor, limit })).body;
      assert.equal(next.offset, offset + body.rows.length, context);
      assert.deepEqual(next.rows.flat(), all.slice(next.offset, next.offset + limit), context);
    }
  }
});

it('returns no rows past the end of the table', async () => {
  await upload(thena.url, 'end', csv(0, 10, false));
  for (const offset of [10, 11, 1_000_000]) {
    const { status, body } = await page('end', { offset });
    assert.deepEqual([status, body.rows, body.next_cursor, body.offset, body.total_rows], [200, [], null, offset, 10]);
  }
});

it('numbers the rows of the whole table only: a number cannot be combined with a condition or a cursor', async () => {
  await upload(thena.url, 'whole', csv(0, 10, false));
  const where = '{"column":"n","op":">","value":4}';
  const { body } = await page('whole', { where, limit: 2 });
  assert.deepEqual([body.rows.flat(), body.offset, body.total_rows], [[5, 6], null, 10]);
  const next = (await page('whole', { where, limit: 2, cursor: body.next_cursor })).body;
  assert.deepEqual([next.rows.flat(), next.offset], [[7, 8], null]);
  for (const query of [
    { where, offset: 1 },
    { cursor: body.next_cursor, offset: 1 },
    { offset: -1 },
    { offset: 'x' },
    ...['', '0.5', '0x1', '1e0', ' 1', '+1'].flatMap((text) => [{ offset: text }, { limit: text }]),
  ]) {
    const refused = await page('whole', query as Query);
    assert.deepEqual([refused.status, refused.body.code], [400, 'bad_request'], JSON.stringify(query));
  }
});
