import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { awkwardFiles, type DataColumn, dataFiles, madeFile } from '../fixtures/data-files.ts';
import { analyze, call, type RunningThena, startThena, upload } from '../server.ts';
import { queryRows } from '../stored-rows.ts';
import { jsonOf } from './expected-cells.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

for (const file of dataFiles('rides', 'sensor', 'weather', 'prices')) {
  test(`${file.name}: counts every row and measures the time between the first and the latest`, async () => {
    const { name, type, cells } = file.columns.find(({ type }) => /timestamp|date/.test(type)) as DataColumn;
    const times = cells as readonly number[];
    const [first = Number.NaN, latest] = [times[0], times.reduce((a, b) => Math.max(a, b))];
    const sent = await upload(thena.url, file.name, file.bytes);
    assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body.error));
    const { rows_in_file, appended, rejected } = sent.body.receipt;
    assert.deepEqual(
      { rows_in_file, appended, rejected },
      { rows_in_file: file.rows, appended: file.rows, rejected: 0 },
    );

    assert.deepEqual((await analyze(thena.url, file.name, 10001)).body.result, { total_rows: file.rows });
    const { result } = (await analyze(thena.url, file.name, 10000)).body;
    assert.equal(result.time_column, name);
    // Days are answered as days, without a time.
    assert.equal(result.first_row_at, jsonOf(first, type));
    assert.equal(result.latest_row_at, jsonOf(latest, type));
    assert.equal(result.seconds, (latest - first) / 1000);
  });
}

for (const file of dataFiles('routes')) {
  test(`${file.name}: counts every row, and explains that there is no time column`, async () => {
    assert.equal((await upload(thena.url, file.name, file.bytes)).body.status, 'complete');
    assert.deepEqual((await analyze(thena.url, file.name, 10001)).body.result, { total_rows: file.rows });
    for (const type of [10000, 10002]) {
      const { status, body } = await analyze(thena.url, file.name, type);
      assert.deepEqual([status, body.code], [422, 'no_time_column']);
      assert.match(body.detail, /origin \(text\), destination \(text\), count \(integer\)/);
    }
  });
}

test('appends a second file, even with its columns in another order', async () => {
  const { bytes, rows, column } = madeFile('rides');
  const first = await upload(thena.url, 'twice', bytes);
  const second = await upload(thena.url, 'twice', 'value,timestamp\n5,2030-01-01 00:00:00\n7,1999-01-01 00:00:00\n');
  assert.equal(second.body.status, 'complete', JSON.stringify(second.body.error));
  const { table_rows_before, table_rows_after } = second.body.receipt;
  assert.deepEqual([table_rows_before, table_rows_after], [rows, rows + 2]);
  assert.equal(first.body.receipt.table_rows_after, rows);

  const begin = column('timestamp').cells[0] as number;
  const difference = (await analyze(thena.url, 'twice', 10000)).body;
  assert.equal(difference.result.first_row_at, jsonOf(begin, 'timestamp'));
  assert.equal(difference.result.latest_row_at, '2030-01-01T00:00:00Z');
  assert.equal(difference.result.seconds, (Date.UTC(2030, 0, 1) - begin) / 1000);
  assert.deepEqual(difference.table, { rows: rows + 2, version: 2 });
  const span = (await analyze(thena.url, 'twice', 10002)).body.result;
  assert.equal(span.earliest_at, '1999-01-01T00:00:00Z');
});

for (const { name, bytes, records } of awkwardFiles()) {
  test(`${name}: stores every cell as its JSON has it`, async () => {
    const customer = name.replaceAll('_', '-');
    const sent = await upload(thena.url, customer, bytes);
    assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
    assert.equal(sent.body.receipt.rows_in_file, records.length);
    const { body: table } = await call(`${thena.url}/api/v1/customers/${customer}/table`);
    assert.equal(table.rows, records.length);
    const names = table.columns.map((column: { name: string }) => column.name);
    assert.deepEqual(names, Object.keys(records[0] ?? {}));
    const cells = await queryRows(thena.dataDir, customer, 'SELECT CAST(columns(*) AS VARCHAR) FROM t');
    assert.deepEqual(
      cells.map((row) => names.map((_: string, index: number) => row[index] ?? '')),
      records.map((record) => Object.values(record)),
    );
  });
}
