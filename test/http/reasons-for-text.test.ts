import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

async function load(customer: string, csv: string, query = ''): Promise<Reply['body']> {
  const { body } = await put(thena.url, customer, csv, WAIT, query);
  assert.equal(body.status, 'complete', JSON.stringify(body));
  return body;
}

const DAYS = 'Date,n\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\nTotal,7\n';
const DATE_HINT =
  'To make \'Date\' a date column, undo the uploads of the table and upload the file without this value, or with nulls=Total if it means that there is no value. Or upload it with on_error=skip and columns=[{"name":"Date","type":"date"}], which rejects the rows with this value.';

describe('a table without a time column', () => {
  it('says why a column that nearly is one is text', async () => {
    await load('total', DAYS);
    const { status, body } = await analyze(thena.url, 'total', 10000);
    assert.deepEqual([status, body.code], [422, 'no_time_column']);
    assert.match(body.detail, / Column 'Date' is text: 1 of 4 values is not a date\. Line 5: 'Total'\.$/);
    assert.equal(body.hint, DATE_HINT);
    const buckets = { group_by: [{ column: 'Date', bucket: 'month' }], measures: [{ fn: 'count' }] };
    const grouped = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'total', query: buckets } });
    assert.deepEqual([grouped.body.code, grouped.body.hint], ['column_unsuitable', DATE_HINT]);
    const query = { measures: [{ fn: 'first', column: 'n' }] };
    const first = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'total', query } });
    assert.deepEqual([first.body.code, first.body.hint], ['no_time_column', DATE_HINT]);
    assert.match(first.body.detail, /Column 'Date' is text: 1 of 4 values is not a date/);
  });

  it('has one after each of the remedies', async () => {
    const { id } = await load('nulls', DAYS);
    await call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
    await load('nulls', DAYS, '?nulls=Total');
    assert.equal((await analyze(thena.url, 'nulls', 10000)).status, 200);

    const again = await load('without', DAYS);
    await call(`${thena.url}/api/v1/uploads/${again.id}`, { method: 'DELETE' });
    await load('without', DAYS.replace('Total,7\n', ''));
    assert.equal((await analyze(thena.url, 'without', 10000)).status, 200);

    const third = await load('declared', DAYS);
    await call(`${thena.url}/api/v1/uploads/${third.id}`, { method: 'DELETE' });
    const query = new URLSearchParams({ on_error: 'skip', columns: '[{"name":"Date","type":"date"}]' });
    assert.equal((await load('declared', DAYS, `?${query}`)).receipt.appended, 3);
    assert.equal((await analyze(thena.url, 'declared', 10000)).status, 200);
  });

  it('offers no list of nulls that would not be enough', async () => {
    await load('many', `d\n${'2024-01-01\n'.repeat(9)}${'Total\n'.repeat(2)}`);
    const { body } = await analyze(thena.url, 'many', 10000);
    assert.match(body.detail, /2 of 11 values are not dates/);
    assert.match(body.hint, /upload the file without these values\. Or upload it with on_error=skip/);
  });

  it('says how values that are not read have to be written', async () => {
    const csv = 'at,n\n2024-01-01 10:00 CET,1\n2024-01-01 11:00 CET,2\n';
    const { id } = await load('zones', csv);
    const { body } = await analyze(thena.url, 'zones', 10000);
    assert.match(body.detail, /Column 'at' is text: '2024-01-01 10:00 CET' in line 2 has the name of a time zone/);
    assert.match(body.hint, /^To make 'at' a timestamp column.*Write the offset from UTC instead, such as \+01:00\.$/);
    await call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
    await load('zones', csv.replaceAll('CET', '+01:00'));
    assert.equal((await analyze(thena.url, 'zones', 10000)).body.result.seconds, 3600);
  });

  it('says nothing of columns that are just text', async () => {
    await load('texts', 'a,b\nx,1\ny,2\n');
    const { body } = await analyze(thena.url, 'texts', 10000);
    assert.match(body.detail, /a \(text\), b \(integer\)\.$/);
    assert.match(body.hint, /^Request total_rows/);
  });
});

describe('a measure of a text column', () => {
  it('says why a column that nearly is numeric is text', async () => {
    await load('sums', 'n,k\n1,1\n2,2\nunknown,NA\n');
    const sum = async (): Promise<Reply> =>
      call(`${thena.url}/api/v1/analyze/`, {
        json: { customer_id: 'sums', query: { measures: [{ fn: 'sum', column: 'n' }] } },
      });
    const { body } = await sum();
    assert.equal(body.code, 'column_unsuitable');
    assert.match(body.detail, /Column 'n' is text: 1 of 3 values is not a whole number\. Line 4: 'unknown'\./);
    assert.match(body.hint, /nulls=unknown if it means/);
  });

  it('keeps the reason when later files are appended', async () => {
    await load('later', 'n\n1\n2\nthree\n');
    await load('later', 'n\nfour\nfive\n');
    const query = { measures: [{ fn: 'sum', column: 'n' }] };
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'later', query } });
    assert.match(body.detail, /1 of 3 values is not a whole number\. Line 4: 'three'/);
  });
});
