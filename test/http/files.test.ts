import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, before, test } from 'node:test';
import { analyze, call, type RunningThena, sharedFile, startThena, upload } from '../server.ts';
import { queryRows } from '../stored-rows.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

/** Rows and times of a file without quotes, read here without anything of Thena's. */
function read(name: string, timeColumn: string): { rows: number; first: number; latest: number } {
  const [header = '', ...lines] = sharedFile(name).bytes.toString('utf8').trimEnd().split(/\r?\n/);
  const index = header.split(',').indexOf(timeColumn);
  const times = lines.map((line) => {
    const text = line.split(',')[index] ?? '';
    // Of both ISO 8601 and `Jan 1 2000`, once it is said that they are UTC.
    return Date.parse(/^\d{4}-/.test(text) ? `${text.replace(' ', 'T')}Z` : `${text} UTC`) / 1000;
  });
  assert(times.every(Number.isFinite), `the times of ${name} can be read`);
  return { rows: lines.length, first: times[0] ?? Number.NaN, latest: times.reduce((a, b) => Math.max(a, b)) };
}

for (const [name, timeColumn] of [
  ['nyc_taxi.csv', 'timestamp'],
  ['machine_temperature.csv', 'timestamp'],
  ['seattle-weather-hourly-normals.csv', 'date'],
  ['stocks.csv', 'date'],
] as const) {
  test(`${name}: every row is counted, and the time difference is right`, async () => {
    const expected = read(name, timeColumn);
    const customer = name.replace(/\W/g, '-');
    const sent = await upload(thena.url, customer, sharedFile(name).bytes);
    assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body.error));
    const { rows_in_file, appended, rejected } = sent.body.receipt;
    assert.deepEqual(
      { rows_in_file, appended, rejected },
      { rows_in_file: expected.rows, appended: expected.rows, rejected: 0 },
    );

    assert.deepEqual((await analyze(thena.url, customer, 10001)).body.result, { total_rows: expected.rows });
    const { result } = (await analyze(thena.url, customer, 10000)).body;
    assert.equal(result.time_column, timeColumn);
    assert.equal(Date.parse(result.first_row_at) / 1000, expected.first);
    assert.equal(Date.parse(result.latest_row_at) / 1000, expected.latest);
    assert.equal(result.seconds, expected.latest - expected.first);
  });
}

test('days are told as days', async () => {
  await upload(thena.url, 'days', sharedFile('stocks.csv').bytes);
  const { result } = (await analyze(thena.url, 'days', 'time_difference')).body;
  assert.equal(result.first_row_at, '2000-01-01');
});

test('flights-airport.csv: rows are counted, and the time difference tells that there are no times', async () => {
  const { bytes } = sharedFile('flights-airport.csv');
  const rows = bytes.toString('utf8').trimEnd().split('\n').length - 1;
  assert.equal((await upload(thena.url, 'flights', bytes)).body.status, 'complete');
  assert.deepEqual((await analyze(thena.url, 'flights', 10001)).body.result, { total_rows: rows });
  for (const type of [10000, 10002]) {
    const { status, body } = await analyze(thena.url, 'flights', type);
    assert.deepEqual([status, body.code], [422, 'no_time_column']);
    assert.match(body.detail, /origin \(text\), destination \(text\), count \(integer\)/);
  }
});

test('a second file is appended, with its columns in another order, too', async () => {
  const { bytes } = sharedFile('nyc_taxi.csv');
  const first = await upload(thena.url, 'twice', bytes);
  const second = await upload(thena.url, 'twice', 'value,timestamp\n5,2016-01-01 00:00:00\n7,2013-01-01 00:00:00\n');
  assert.equal(second.body.status, 'complete', JSON.stringify(second.body.error));
  const { table_rows_before, table_rows_after } = second.body.receipt;
  assert.deepEqual({ table_rows_before, table_rows_after }, { table_rows_before: 10_320, table_rows_after: 10_322 });
  assert.equal(first.body.receipt.table_rows_after, 10_320);

  const difference = (await analyze(thena.url, 'twice', 10000)).body;
  assert.equal(difference.result.first_row_at, '2014-07-01T00:00:00Z');
  assert.equal(difference.result.latest_row_at, '2016-01-01T00:00:00Z');
  assert.equal(difference.result.seconds, (Date.parse('2016-01-01Z') - Date.parse('2014-07-01Z')) / 1000);
  assert.deepEqual(difference.table, { rows: 10_322, version: 2 });
  const span = (await analyze(thena.url, 'twice', 10002)).body.result;
  assert.equal(span.earliest_at, '2013-01-01T00:00:00Z');
});

const spectrum = dirname(sharedFile('csv-spectrum/csvs/simple.csv').path);
for (const file of readdirSync(spectrum)) {
  test(`csv-spectrum/${file}: every cell is what its JSON has`, async () => {
    const name = file.replace('.csv', '');
    const json = JSON.parse(sharedFile(`csv-spectrum/json/${name}.json`).bytes.toString('utf8'));
    const expected: Record<string, string>[] = [json].flat();
    const sent = await upload(thena.url, `spectrum-${name}`, sharedFile(`csv-spectrum/csvs/${file}`).bytes);
    assert.equal(sent.body.status, 'complete', JSON.stringify(sent.body));
    assert.equal(sent.body.receipt.rows_in_file, expected.length);
    const { body: table } = await call(`${thena.url}/api/v1/customers/spectrum-${name}/table`);
    assert.equal(table.rows, expected.length);
    const names = table.columns.map((column: { name: string }) => column.name);
    assert.deepEqual(names, Object.keys(expected[0] ?? {}));
    const cells = await queryRows(thena.dataDir, `spectrum-${name}`, 'SELECT CAST(columns(*) AS VARCHAR) FROM t');
    // The corpus itself gives another telephone number here than its file has.
    const differs = name === 'location_coordinates' ? { 'Contact Phone Number': '2095257564' } : {};
    assert.deepEqual(
      // The copies of the files with CRLF have lost their carriage returns on their way.
      cells.map((row) => names.map((_: string, index: number) => row[index] ?? '')),
      expected.map((row) => Object.values({ ...row, ...differs }).map((text) => text.replaceAll('\r\n', '\n'))),
    );
  });
}
