import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, type RunningThena, startThena, upload } from '../server.ts';
import { queryRows } from '../stored-rows.ts';

const MARK = '\uFEFF';

// `cat` leaves them when it joins files that start with byte order marks.
describe('a U+FEFF that is part of a text', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
  });
  after(() => thena.close());

  // As bytes, since DuckDB's package for Node also takes a U+FEFF at the start of a value for a byte order mark.
  const texts = async (customer: string, column = 'c0'): Promise<string[]> =>
    (await queryRows(thena.dataDir, customer, `SELECT hex(${column}) FROM t`)).map(
      ([hex]) => `${Buffer.from(`${hex}`, 'hex')}`,
    );

  it('is kept in the first row below the header', async () => {
    const { body } = await upload(thena.url, 'first', `${MARK}a,b\n${MARK}x,1\ny,2\n`);
    assert.equal(body.status, 'complete');
    assert.deepEqual(await texts('first'), [`${MARK}x`, 'y']);
  });

  it('is kept in the first row of a file without a header', async () => {
    const csv = `${MARK}${MARK}x,1\ny,2\n`;
    const { body } = await call(`${thena.url}/api/v1/customers/bare/uploads?header=false`, {
      method: 'PUT',
      body: csv,
      headers: { prefer: 'wait=60' },
    });
    assert.equal(body.status, 'complete');
    assert.deepEqual(await texts('bare'), [`${MARK}x`, 'y']);
  });

  it('is kept in every row of a file with several segments', async () => {
    const rows = 300_000;
    const body = `a,b\n${`${MARK}${'x'.repeat(40)},1\n`.repeat(rows)}`;
    const reply = await upload(thena.url, 'long', body);
    assert.equal(reply.body.receipt?.appended, rows, JSON.stringify(reply.body.error));
    const counted = await queryRows(thena.dataDir, 'long', `SELECT count(*) FROM t WHERE c0 LIKE '${MARK}xx%'`);
    assert.deepEqual(counted, [[BigInt(rows)]]);
  });

  it('is kept and reported at the right offset if rows are skipped or the upload is retried', async () => {
    const good = 'at,n\n2024-01-01,1\n';
    await upload(thena.url, 'again', good);
    const bad = `${MARK}at,n\n${MARK}2024-01-02,1\n2024-01-03,2\n`;
    const failed = await upload(thena.url, 'again', bad);
    assert.equal(failed.body.error.code, 'rows_rejected');
    const [reject] = failed.body.error.rejects;
    assert.deepEqual([reject.line, reject.text, reject.byte_offset], [2, `${MARK}2024-01-02`, 3 + 'at,n\n'.length]);
    const retried = await call(`${thena.url}/api/v1/uploads/${failed.body.id}/retry?on_error=skip`, {
      method: 'POST',
      headers: { prefer: 'wait=60' },
    });
    assert.deepEqual([retried.body.receipt?.appended, retried.body.receipt?.rejected], [1, 1]);
  });

  it('is kept in a row that becomes the first because the rows above it are skipped', async () => {
    await upload(thena.url, 'skipped', 'a,n\nx,1\n');
    const reply = await call(`${thena.url}/api/v1/customers/skipped/uploads?on_error=skip`, {
      method: 'PUT',
      body: `a,n\nbad,one\n${MARK}y,2\n`,
      headers: { prefer: 'wait=60' },
    });
    assert.deepEqual([reply.body.receipt?.appended, reply.body.receipt?.rejected], [1, 1]);
    assert.deepEqual(await texts('skipped'), ['x', `${MARK}y`]);
  });
});
