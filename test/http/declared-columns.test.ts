import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, put, type Reply, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const send = async (customer: string, csv: string, options: Readonly<Record<string, string>>) =>
  (await put(thena.url, customer, csv, WAIT, `?${new URLSearchParams(options)}`)).body;
const tableOf = async (customer: string): Promise<Reply['body']> =>
  (await call(`${thena.url}/api/v1/customers/${customer}/table`)).body;
const rowsOf = async (customer: string): Promise<Reply['body']> =>
  (await call(`${thena.url}/api/v1/customers/${customer}/table/rows`)).body.rows;

describe('columns declared by the first upload', () => {
  it('have the declared types, and the others those of their values', async () => {
    const csv = 'zip,at,day,n\n01234,1700000000000,03/04/2024,1\n12345,1700000060000,05/04/2024,2\n';
    const columns = JSON.stringify([
      { name: 'ZIP', type: 'text' },
      { name: 'at', type: 'timestamp', format: 'epoch_ms' },
      { name: 'day', type: 'date', format: '%d/%m/%Y' },
    ]);
    const upload = await send('first', csv, { columns });
    assert.equal(upload.status, 'complete', JSON.stringify(upload));
    assert.deepEqual(
      upload.receipt.columns.map(({ name, type, format }: Record<string, unknown>) => [name, type, format]),
      [
        ['zip', 'text', null],
        ['at', 'timestamp', 'epoch_ms'],
        ['day', 'date', '%d/%m/%Y'],
        ['n', 'integer', null],
      ],
    );
    assert.deepEqual(await rowsOf('first'), [
      ['01234', '2023-11-14T22:13:20Z', '2024-04-03', 1],
      ['12345', '2023-11-14T22:14:20Z', '2024-04-05', 2],
    ]);
    assert.equal((await analyze(thena.url, 'first', 10000)).body.result.seconds, 60);
  });

  it('reject values of another type', async () => {
    const upload = await send('strict', 'n\n1\nx\n', { columns: 'n:integer' });
    assert.deepEqual([upload.error?.code, upload.error?.rejects?.[0]?.line], ['rows_rejected', 3]);
  });

  it('show in a dry run how they are read', async () => {
    const upload = await send('dry', 'at\n1700000000\n', { columns: 'at:epoch_s', dry_run: 'true' });
    const [{ type, format }] = upload.receipt.columns;
    assert.deepEqual([type, format, await totalRows(thena.url, 'dry')], ['timestamp', 'epoch_s', 'table_empty']);
  });

  it('are refused at once if the file has no such column', async () => {
    const refused = await send('absent', 'a,b\n1,2\n', { columns: 'c:text' });
    assert.deepEqual([refused.status, refused.code], [400, 'upload_option_invalid']);
    assert.match(refused.detail, /declares 'c', but the file has no such column/);
  });
});

describe('columns declared by a later upload', () => {
  it('say how this file is written, and nothing of the next one', async () => {
    await send('later', 'at,n\n2024-01-02 10:00:00,1\n', {});
    const epochs = await send('later', 'n,at\n2,1704189660000\n', { columns: 'at:epoch_ms' });
    assert.equal(epochs.status, 'complete', JSON.stringify(epochs));
    const iso = await send('later', 'at,n\n2024-01-02T10:02:00Z,3\n', {});
    assert.equal(iso.status, 'complete', JSON.stringify(iso));
    assert.deepEqual(await rowsOf('later'), [
      ['2024-01-02T10:00:00Z', 1],
      ['2024-01-02T10:01:00Z', 2],
      ['2024-01-02T10:02:00Z', 3],
    ]);
    const undeclared = await send('later', 'at,n\n1704189660000,4\n', {});
    assert.equal(undeclared.error?.code, 'rows_rejected');
    const url = `${thena.url}/api/v1/uploads/${undeclared.id}/retry?columns=at:epoch_ms`;
    const { body } = await call(url, { method: 'POST', headers: WAIT });
    assert.deepEqual([body.status, body.receipt?.appended], ['complete', 1], JSON.stringify(body));
  });

  it("are refused with both types if they contradict the table's, whenever it was created", async () => {
    await send('other', 'n,t\n1,x\n', {});
    for (const [columns, detail] of [
      ['n:text', "Column 'n' is declared as text, but the table's column is integer."],
      ['t:epoch_s', "Column 't' is declared with the format 'epoch_s', but the table's column is text."],
    ] as const) {
      const refused = await send('other', 'n,t\n2,y\n', { columns });
      assert.deepEqual([refused.status, refused.code, refused.detail], [422, 'declared_type_conflict', detail]);
      assert.match(refused.hint, /^Omit the declaration, or declare the type of the table's column/);
    }
    for (const options of [{}, { columns: 'n:integer,t:text' }])
      assert.equal((await send('other', 'n,t\n2,y\n', options)).status, 'complete');
    const [a, b] = await Promise.all([
      send('race', 'n\n1\n', { columns: 'n:integer' }),
      send('race', 'n\n1\n', { columns: 'n:text' }),
    ]);
    const codes = [a, b].map((upload) => upload.error?.code ?? upload.code ?? upload.status);
    assert.deepEqual(codes.sort(), ['complete', 'declared_type_conflict']);
    assert.equal((await tableOf('race')).rows, 1);
  });

  it('take precedence over the formats that the customer was created with, but not over its types', async () => {
    const columns = [{ name: 'day', type: 'date', format: '%d/%m/%Y' }];
    await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'declared', columns } });
    assert.equal((await send('declared', 'day\n03/04/2024\n', {})).status, 'complete');
    assert.equal((await send('declared', 'day\n20240405\n', { columns: 'day:%Y%m%d' })).status, 'complete');
    assert.equal((await send('declared', 'day\n2024-04-06\n', { columns: 'day:date' })).status, 'complete');
    assert.deepEqual(await rowsOf('declared'), [['2024-04-03'], ['2024-04-05'], ['2024-04-06']]);
    assert.equal((await send('declared', 'day\nx\n', { columns: 'day:text' })).code, 'declared_type_conflict');
  });
});
