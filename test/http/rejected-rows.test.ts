import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, formOf, put as putFile, type Reply, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { BAD, CSV, LATER } from './small-files.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

const get = (path: string): Promise<Reply> => call(`${thena.url}/api/v1${path}`);
const rowsOf = (customer: string) => totalRows(thena.url, customer);
const put = (customer: string, csv: string | Uint8Array, query = '', headers: Record<string, string> = {}) =>
  putFile(thena.url, customer, csv, { ...WAIT, ...headers }, query);

describe('rejected rows', () => {
  it('are listed as JSON and CSV after an upload failed, and can be corrected', async () => {
    await put('bad', CSV);
    const { body } = await put('bad', BAD);
    assert.deepEqual([body.status, body.error.code, body.error.rejected], ['failed', 'rows_rejected', 2]);
    const page = await get(`/uploads/${body.id}/rejects?limit=1`);
    assert.deepEqual(page.body.items, [
      {
        line: 3,
        byte_offset: BAD.indexOf('2024-01-06'),
        column: 'n',
        code: 'not_integer',
        message: 'is not a whole number',
        text: 'six',
        record: '2024-01-06 00:00:00,six,"f, ""g"""',
        before: BAD.split('\n')[1],
        after: '2024-01-07 00:00:00,7',
      },
    ]);
    const { columns, delimiter, quote } = page.body;
    assert.deepEqual({ columns, delimiter, quote }, { columns: ['at', 'n', 't'], delimiter: ',', quote: '"' });
    const next = await get(`/uploads/${body.id}/rejects?limit=1&cursor=${page.body.next_cursor}`);
    assert.deepEqual([next.body.items[0].code, next.body.next_cursor], ['wrong_field_count', null]);
    assert.equal((await get(`/uploads/${body.id}/rejects?cursor=3`)).body.code, 'bad_request');
    const csv = await get(`/uploads/${body.id}/rejects.csv`);
    assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
    assert.equal(csv.body, 'at,n,t\n2024-01-06 00:00:00,six,"f, ""g"""\n2024-01-07 00:00:00,7\n');
    const corrected = await put('bad', csv.body.replace('six', '6').replace(',7\n', ',7,h\n'));
    assert.deepEqual([corrected.body.status, corrected.body.receipt.appended], ['complete', 2]);
  });

  it('are listed with their position in the bytes that were sent', async () => {
    await put('position', CSV);
    const record = '2024-01-06 00:00:00,six,';
    const text = `at,n,t\n2024-01-05 00:00:00,5,"é\n\n"\n\n2024-01-05 00:00:00,5,x\n${record}`;
    for (const [sent, at] of [
      [Buffer.from(text), Buffer.from(text).indexOf(record)],
      [Buffer.from(`\ufeff${text}\n`), Buffer.from(text).indexOf(record) + 3],
      [Buffer.from(text.replaceAll('\n', '\r\n')), Buffer.from(text.replaceAll('\n', '\r\n')).indexOf(record)],
      [Buffer.from(text.replace('\n', '\r\n')), 'only the header'],
      [Buffer.from(text.replace('5,x\n', '5,x\r\n')), null],
      [Buffer.from(text.replace('"é', ' "é')), null],
      [Buffer.from(text.replace('é', 'e'), 'utf16le'), null],
    ] as const) {
      const { body } = await put('position', sent);
      const expected = at === 'only the header' ? sent.indexOf(record) : at;
      assert.deepEqual(body.error.rejects?.[0].byte_offset, expected, JSON.stringify([sent.toString(), body.error]));
    }
  });

  it('are skipped on request, and the receipt accounts for every row', async () => {
    await put('skip', CSV);
    const { body } = await put('skip', BAD, '?on_error=skip');
    assert.equal(body.status, 'complete', JSON.stringify(body.error));
    const { rows_in_file, appended, rejected, table_rows_after } = body.receipt;
    assert.deepEqual([rows_in_file, appended, rejected, table_rows_after], [3, 1, 2, 3]);
    const { earliest_at, latest_at } = body.receipt;
    assert.deepEqual([earliest_at, latest_at], ['2024-01-05T00:00:00Z', '2024-01-05T00:00:00Z']);
    assert.equal(await rowsOf('skip'), 3);
    assert.equal((await get(`/uploads/${body.id}/rejects`)).body.items.length, 2);
    const none = await put('skip', 'at,n,t\n2024-01-06 00:00:00,six,f\n', '?on_error=skip');
    assert.deepEqual([none.body.status, none.body.error.code], ['failed', 'rows_rejected']);
    assert.equal((await get(`/uploads/${(await put('skip', LATER)).body.id}/rejects`)).body.code, 'rejects_not_found');
  });

  it('are all found if values of the right shape do not exist either, whether they are skipped or not', async () => {
    const file = 'n,d\n1,2024-01-01\nx,2024-01-02\n3,2024-02-30\n4,2024-01-04\n5,2024-01-05,6\n';
    for (const query of ['', '?on_error=skip']) {
      const customer = `days${query.length}`;
      await put(customer, 'n,d\n0,2024-01-01\n');
      const { body } = await put(customer, file, query);
      const { body: page } = await get(`/uploads/${body.id}/rejects`);
      assert.deepEqual(
        page.items.map(({ line, code }: { line: number; code: string }) => [line, code]),
        [
          [3, 'not_integer'],
          [4, 'no_such_day'],
          [6, 'wrong_field_count'],
        ],
      );
      assert.equal(await rowsOf(customer), query === '' ? 1 : 3);
    }
  });

  it('are skipped in the first file of a table, too', async () => {
    const { body } = await put('skip-first', BAD, '?on_error=skip');
    assert.deepEqual([body.status, body.receipt?.appended, body.receipt?.rejected], ['complete', 2, 1]);
    assert.deepEqual(
      body.receipt.columns.map(({ type }: { type: string }) => type),
      ['timestamp', 'text', 'text'],
    );
  });
});

describe('corrected rows', () => {
  it('are uploaded to the link of the rejected rows, and each upload names the other', async () => {
    await put('corrects', CSV);
    const skipped = await put('corrects', BAD, '?on_error=skip');
    assert.deepEqual([skipped.body.receipt.rejected, skipped.body.corrected_by], [2, null]);
    const rejects = await get(`/uploads/${skipped.body.id}/rejects.csv`);
    const link = /<([^>]+)>; rel="edit-media"/.exec(rejects.headers.get('link') ?? '')?.[1];
    assert.equal((await get(`/uploads/${skipped.body.id}/rejects`)).headers.get('link'), rejects.headers.get('link'));
    const corrected = String(rejects.body).replace('six', '6').replace('00,7', '00,7,h');
    const sent = await call(`${thena.url}${link}`, { method: 'PUT', body: corrected, headers: { prefer: 'wait=60' } });
    assert.deepEqual(
      [sent.body.status, sent.body.corrects, sent.body.receipt?.appended],
      ['complete', skipped.body.id, 2],
    );
    assert.equal((await get(`/uploads/${skipped.body.id}`)).body.corrected_by, sent.body.id);
    assert.equal(await rowsOf('corrects'), 5);
  });

  it('can be uploaded as a form, too; a dry run corrects nothing', async () => {
    const failed = await put('corrects-form', BAD);
    const form = (dryRun: string) =>
      call(`${thena.url}/api/v1/event/`, {
        method: 'POST',
        body: formOf(
          ['corrects', failed.body.id],
          ['dry_run', dryRun],
          ['file', Buffer.from(CSV)],
          ['customer_id', 'corrects-form'],
        ),
        headers: { prefer: 'wait=60' },
      });
    assert.equal((await form('true')).body.corrects, failed.body.id);
    assert.equal((await get(`/uploads/${failed.body.id}`)).body.corrected_by, null);
    const sent = await form('false');
    assert.equal((await get(`/uploads/${failed.body.id}`)).body.corrected_by, sent.body.id);
  });

  it("are rejected if the upload they correct does not exist, had no rejected rows, or is another customer's", async () => {
    const whole = await put('whole', CSV);
    const others = await put('others-bad', BAD);
    const refused = [];
    for (const corrects of ['no-id', '00000000-0000-4000-8000-000000000000', whole.body.id, others.body.id]) {
      const { status, body } = await put('whole', LATER, `?corrects=${corrects}`);
      assert.deepEqual([status, body.code], [400, 'upload_option_invalid']);
      refused.push(body.detail.replace(corrects, '…'));
    }
    assert.deepEqual(new Set(refused.slice(1)).size, 1, "the answer does not reveal other customers' uploads");
    assert.equal((await get(`/uploads/${others.body.id}`)).body.corrected_by, null);
  });
});
