import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { call, type FormField, formOf, type Reply, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

/** Longer than what is examined before the rest of the form is read. */
const LONG = 500_000;
/** Longer than a first segment, so that loading begins before the rest of the form is read. */
const LOADED_EARLY = 3_000_000;

function send(headers: Readonly<Record<string, string>>, ...fields: readonly FormField[]): Promise<Reply> {
  return call(`${thena.url}/api/v1/event/`, {
    method: 'POST',
    body: formOf(...fields),
    headers: { ...WAIT, ...headers },
  });
}

const uploadsOf = async (customer: string) =>
  (await call(`${thena.url}/api/v1/customers/${customer}/uploads`)).body.items;

/** Two columns by the semicolon, three by the comma. */
const text = (rows: number) => `a,b;c,d\n${'1,2;3,4\n'.repeat(rows)}`;
const COMMAS = (rows: number) => `a,b\n${'1,2\n'.repeat(rows)}`;

for (const rows of [3, 100_000, LONG]) {
  for (const [order, customerFirst] of [
    ['before', true],
    ['after', false],
  ] as const) {
    const customer = `c${rows}-${order}`;
    const form = (file: string | Buffer, ...late: readonly FormField[]): readonly FormField[] => {
      const [id, part] = [['customer_id', customer] as const, ['file', Buffer.from(file)] as const];
      return customerFirst ? [id, part, ...late] : [part, ...late, id];
    };

    test(`cuts a file of ${rows} rows by a delimiter that comes after it, with the customer ${order} it`, async () => {
      const { status, body } = await send({}, ...form(text(rows), ['delimiter', ';'], ['decimal', ',']));
      assert.deepEqual([status, body.status], [200, 'complete'], JSON.stringify(body));
      assert.deepEqual([body.options.delimiter, body.receipt.delimiter, body.options.decimal], [';', ';', ',']);
      assert.deepEqual([body.receipt.appended, body.receipt.columns.length], [rows, 2]);
      assert.equal(body.sha256, createHash('sha256').update(text(rows)).digest('hex'));
      assert.deepEqual([body.bytes, body.retry_of, body.options.encoding], [text(rows).length, null, null]);
      assert.deepEqual(
        (await uploadsOf(customer)).map(({ id }: { id: string }) => id),
        [body.id],
      );
      assert.equal(await totalRows(thena.url, customer), rows);
      await until(() => readdirSync(join(thena.dataDir, 'spool')).length === 0);
    });

    test(`keeps the other options that come after a file of ${rows} rows, with the customer ${order} it`, async () => {
      const fields = form(text(rows), ['delimiter', 'semicolon'], ['on_error', 'skip'], ['dry_run', 'true']);
      const { body } = await send({}, ...fields);
      assert.equal(body.status, 'complete', JSON.stringify(body));
      assert.deepEqual([body.options.on_error, body.options.dry_run], ['skip', true]);
      assert.equal(await totalRows(thena.url, customer), rows);
      const twice = await send({}, ...form(text(rows), ['duplicates', 'reject'], ['delimiter', ';']));
      assert.deepEqual([twice.status, twice.body.code], [409, 'duplicate_upload']);
      assert.equal((await uploadsOf(customer)).length, 2);
    });

    test(`returns the same upload for the same form of ${rows} rows, with the customer ${order} it`, async () => {
      const headers = { 'idempotency-key': customer };
      const fields = form(text(rows), ['delimiter', ';'], ['header', 'true']);
      const first = await send(headers, ...fields);
      assert.equal(first.body.status, 'complete', JSON.stringify(first.body));
      assert.equal((await send(headers, ...fields)).body.id, first.body.id);
      const other = await send(headers, ...form(text(rows), ['delimiter', ';'], ['date_order', 'dmy']));
      assert.equal(other.body.code, 'idempotency_key_reused', JSON.stringify(other.body));
    });

    test(`refuses a file of ${rows} rows that does not fit the late options, with the customer ${order} it`, async () => {
      const { status, body } = await send({}, ...form(COMMAS(rows), ['delimiter', ';']));
      assert.deepEqual([status, body.code], [422, 'columns_differ'], JSON.stringify(body));
      await until(() => readdirSync(join(thena.dataDir, 'spool')).length === 0);
    });
  }
}

test('takes options for the surroundings of the table after the file', async () => {
  const around = (rows: number) => Buffer.from(`a,b\n#x\n${'1,2\n'.repeat(rows)}`);
  for (const rows of [3, LONG]) {
    const { body } = await send({}, ['customer_id', 'around'], ['file', around(rows)], ['comment', '#']);
    assert.deepEqual([body.status, body.receipt?.appended, body.receipt?.comment], ['complete', rows, '#']);
  }
});

test('reads a long file that was rewritten with late options for its rows, and refuses those for its text', async () => {
  const file = Buffer.from(`sep=;\n${text(LONG)}`);
  const { body } = await send({}, ['customer_id', 'rewritten'], ['file', file], ['nulls', 'x']);
  assert.deepEqual([body.status, body.receipt?.appended, body.receipt?.skipped_lines], ['complete', LONG, 1]);
  const refused = await send({}, ['customer_id', 'rewritten'], ['file', file], ['skip_lines', '2']);
  assert.deepEqual([refused.status, refused.body.code], [400, 'upload_option_invalid']);
  assert.match(refused.body.detail, /skip_lines .* before the file/);
});

test('loads nothing of a long file if dry_run comes after it, even if loading has begun', async () => {
  const file = Buffer.from(COMMAS(LOADED_EARLY));
  for (const [name, value] of [
    ['dry_run', 'true'],
    ['nulls', 'x'],
  ] as const) {
    const { body } = await send({}, ['customer_id', 'late'], ['file', file], [name, value]);
    assert.equal(body.status, 'complete', JSON.stringify(body));
    assert.deepEqual([body.options.dry_run, body.receipt.appended], [name === 'dry_run', LOADED_EARLY]);
    assert.equal(await totalRows(thena.url, 'late'), name === 'dry_run' ? 'table_empty' : LOADED_EARLY);
  }
  assert.equal((await uploadsOf('late')).length, 2);
  assert.ok(!thena.observations.some(({ kind }) => kind === 'request_failed' || kind === 'upload_failed'));
});

test('corrects the rows of another upload if that comes after a long file, even if loading has begun', async () => {
  await send({}, ['customer_id', 'corrected'], ['file', Buffer.from(COMMAS(1))]);
  const faulty = await send({}, ['customer_id', 'corrected'], ['file', Buffer.from('a,b\n1,x\n')]);
  assert.equal(faulty.body.error?.code, 'rows_rejected', JSON.stringify(faulty.body));
  const { id } = faulty.body;
  const file = Buffer.from(COMMAS(LOADED_EARLY));
  const { body } = await send({}, ['customer_id', 'corrected'], ['file', file], ['corrects', id]);
  assert.deepEqual([body.status, body.corrects], ['complete', id], JSON.stringify(body));
  assert.equal((await call(`${thena.url}/api/v1/uploads/${id}`)).body.corrected_by, body.id);
});

test('reads a short file in an encoding that comes after it, and refuses it after a long one', async () => {
  const latin = (rows: number) => Buffer.from(`a,b\n${'caf\xe9,\xbd\n'.repeat(rows)}`, 'latin1');
  const short = await send({}, ['file', latin(100_000)], ['encoding', 'iso-8859-15'], ['customer_id', 'latin']);
  assert.equal(short.body.receipt?.encoding, 'iso-8859-15', JSON.stringify(short.body));
  const { body } = await call(`${thena.url}/api/v1/customers/latin/table/rows?limit=1`);
  assert.deepEqual(body.rows[0], ['café', 'œ']);
  const long = await send({}, ['file', latin(LONG)], ['encoding', 'iso-8859-15'], ['customer_id', 'latin']);
  assert.deepEqual([long.status, long.body.code], [400, 'upload_option_invalid']);
  assert.match(long.body.detail, /encoding .* before the file/);
  const same = await send({}, ['file', latin(LONG)], ['encoding', 'windows-1252'], ['customer_id', 'latin']);
  assert.equal(same.body.status, 'complete', JSON.stringify(same.body));
});
