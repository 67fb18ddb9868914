import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { call, type RunningThena, startThena, upload } from '../server.ts';
import { queryRows } from '../stored-rows.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '6' });
});
after(() => thena.close());

const urlOf = (customer: string, query: string): string =>
  `${thena.url}/api/v1/customers/${customer}/table/export?${query}`;

async function download(
  customer: string,
  query: string,
): Promise<{ readonly headers: Headers; readonly bytes: Buffer }> {
  const response = await fetch(urlOf(customer, query));
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, bytes.toString());
  return { headers: response.headers, bytes };
}

async function send(customer: string, csv: string): Promise<void> {
  const { body } = await upload(thena.url, customer, csv);
  assert.equal(body.status, 'complete', JSON.stringify(body));
}

/** The hard cases of every type. */
const HARD = [
  'i,x,b,day,moment,"a ""text"", with a comma"',
  '9223372036854775807,NaN,true,2024-02-29,2024-02-29 12:00:00.000001,plain',
  '-9223372036854775808,Infinity,false,1000-01-01,1000-01-01 00:00:00,""',
  ',,,,,',
  '9007199254740991,-Infinity,,9999-12-31,9998-12-31 23:59:59.999999,"two\nlines\r\nand ""quotes"", commas; tabs\t"',
  '-9007199254740992,0.1,true,,1969-12-31 23:59:59.5,"\uFEFFmark"',
  '0,-0.0,false,1970-01-01,1970-01-01 00:00:00,"=1+1"',
  '1,5e-324,true,1970-01-02,2024-01-01 00:00:00.12," blanks around "',
  '2,1.7976931348623157e308,true,1970-01-03,2024-01-01 00:00:00,é€𝄞\\n',
].join('\n');

/** The decoder of DuckDB's package drops a leading U+FEFF: this one, and not one that belongs to the text. */
const valuesOf = (i: string, x: string, b: string, day: string, moment: string, text: string): string =>
  `${i}, ${x}, ${b}, CAST(${day} AS VARCHAR), epoch_us(${moment}), chr(65279) || ${text}`;
const rowsOf = (customer: string): Promise<DuckDBValue[][]> =>
  queryRows(thena.dataDir, customer, `SELECT ${valuesOf('c0', 'c1', 'c2', 'c3', 'c4', 'c5')} FROM t ORDER BY rowid`);

it('exports CSV that gives the same rows when it is uploaded again, in every type', async () => {
  await send('hard', `${HARD}\n`);
  const { headers, bytes } = await download('hard', 'format=csv');
  assert.equal(headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  assert.equal(headers.get('content-disposition'), 'attachment; filename="thena-hard.csv"');
  assert.equal(headers.get('thena-table-version'), '1');
  await send('copy', bytes.toString());
  const rows = await rowsOf('hard');
  assert.equal(rows.length, 8);
  assert.deepEqual(await rowsOf('copy'), rows);
  const tables = await Promise.all(
    ['hard', 'copy'].map(async (id) => (await call(`${thena.url}/api/v1/customers/${id}/table`)).body.columns),
  );
  assert.deepEqual(tables[1], tables[0]);
  assert.deepEqual((await download('copy', '')).bytes, bytes, 'CSV is the default');
  const lines = bytes.toString().split('\n');
  assert.equal(lines[0], 'i,x,b,day,moment,"a ""text"", with a comma"');
  assert.equal(lines[2], '-9223372036854775808,Infinity,false,1000-01-01,1000-01-01T00:00:00Z,""');
  assert.equal(lines[3], ',,,,,');
});

it('keeps nulls and empty texts in CSV with a single column', async () => {
  await send('single', 'word\n""\na\n\n\n""\nb\n\n');
  const { bytes } = await download('single', 'format=csv');
  await send('single-copy', bytes.toString());
  const words = (id: string) => queryRows(thena.dataDir, id, 'SELECT c0 FROM t ORDER BY rowid');
  assert.deepEqual(await words('single-copy'), await words('single'));
});

it('exports NDJSON with the same values as pages of rows', async () => {
  const { headers, bytes } = await download('hard', 'format=ndjson');
  assert.equal(headers.get('content-type'), 'application/x-ndjson');
  const lines = bytes.toString().trimEnd().split('\n');
  const page = (await call(`${thena.url}/api/v1/customers/hard/table/rows`)).body;
  assert.equal(lines.length, 8);
  const names = page.columns.map(({ name }: { name: string }) => name);
  for (const [index, line] of lines.entries()) {
    const object = JSON.parse(line);
    assert.deepEqual(Object.keys(object), names);
    assert.deepEqual(
      Object.values(object).map((value) => (Object.is(value, -0) ? 0 : value)),
      page.rows[index],
      line,
    );
  }
});

it('exports Parquet that other software reads as the same rows in the same order', async () => {
  const { headers, bytes } = await download('hard', 'format=parquet');
  assert.equal(headers.get('content-type'), 'application/vnd.apache.parquet');
  const folder = mkdtempSync(join(tmpdir(), 'thena-parquet-'));
  try {
    const path = join(folder, 'a.parquet');
    writeFileSync(path, bytes);
    const read = async (sql: string) => {
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      const rows = (await connection.runAndReadAll(sql.replace('$file', `'${path}'`))).getRows();
      connection.closeSync();
      instance.closeSync();
      return rows;
    };
    const values = valuesOf('i', 'x', 'b', 'day', 'moment', '"a ""text"", with a comma"');
    const rows = await read(`SELECT ${values} FROM $file`);
    assert.deepEqual(rows, await rowsOf('hard'));
    const types = (await read('DESCRIBE FROM $file')).map(([, type]) => type);
    assert.deepEqual(types, ['BIGINT', 'DOUBLE', 'BOOLEAN', 'DATE', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR']);
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.deepEqual(readdirSync(join(thena.dataDir, 'tmp/exports')), [], 'no file is left');
});

it("exports an Arrow stream that Arrow's own library reads as the same rows and types", async () => {
  const { headers, bytes } = await download('hard', 'format=arrow');
  assert.equal(headers.get('content-type'), 'application/vnd.apache.arrow.stream');
  const table = tableFromIPC(bytes);
  const types = table.schema.fields.map(({ type, nullable }) => `${type} ${nullable}`);
  assert.deepEqual(types, [
    'Int64 true',
    'Float64 true',
    'Bool true',
    'Date32<DAY> true',
    'Timestamp<MICROSECOND, UTC> true',
    'Utf8 true',
  ]);
  const columns = table.schema.fields.map((_, index) => table.getChildAt(index));
  const rows = await rowsOf('hard');
  const texts = columns[5]?.data[0];
  assert(texts);
  for (const [index, [integer, number, boolean, day, micros, text]] of rows.entries()) {
    const at = (column: number): unknown => columns[column]?.get(index);
    assert.deepEqual([at(0), at(1), at(2)], [integer, number, boolean]);
    assert.equal(at(3) === null ? null : new Date(at(3) as number).toISOString().slice(0, 10), day);
    // The library reads times as milliseconds and drops a U+FEFF, so the raw values are compared.
    assert.equal(at(4) === null, micros === null);
    if (micros !== null) assert.equal(columns[4]?.data[0]?.values[index], micros);
    const raw: Uint8Array = texts.values.subarray(texts.valueOffsets[index], texts.valueOffsets[index + 1]);
    assert.equal(at(5) === null ? null : Buffer.from(raw).toString(), text);
  }
});

/** Like `deepEqual`, which takes minutes to report how two long arrays differ. */
function assertSame(found: readonly number[], wanted: readonly number[]): void {
  assert.equal(found.length, wanted.length);
  const different = found.findIndex((value, index) => value !== wanted[index]);
  assert.equal(different, -1, `${found[different]} instead of ${wanted[different]}`);
}

it('exports every row of a large table, in order, in every format', async () => {
  const lines = Array.from({ length: 300_000 }, (_, index) => `${index},${index % 3 === 0 ? '' : `t${index}`}\n`);
  await send('large', `n,s\n${lines.slice(0, 100_000).join('')}`);
  await send('large', `n,s\n${lines.slice(100_000).join('')}`);
  const stored = (await queryRows(thena.dataDir, 'large', 'SELECT c0 FROM t ORDER BY rowid')).map(([n]) => Number(n));
  const csv = (await download('large', 'format=csv')).bytes.toString().split('\n').slice(1, -1);
  assertSame(
    csv.map((line) => Number.parseInt(line, 10)),
    stored,
  );
  const ndjson = (await download('large', 'format=ndjson&columns=n')).bytes.toString().split('\n').slice(0, -1);
  assertSame(
    ndjson.map((line) => JSON.parse(line).n),
    stored,
  );
  const arrow = tableFromIPC((await download('large', 'format=arrow')).bytes);
  assertSame(Array.from(arrow.getChild('n') ?? [], Number), stored);
  assert.equal(arrow.getChild('s')?.nullCount, 100_000);
  assert.ok(arrow.batches.length > 1);
  const path = join(thena.dataDir, 'large.parquet');
  writeFileSync(path, (await download('large', 'format=parquet')).bytes);
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const parquet = (await connection.runAndReadAll(`SELECT n FROM '${path}'`)).getRows();
  assertSame(
    parquet.map(([n]) => Number(n)),
    stored,
  );
  instance.closeSync();
});

it('exports the selected columns and rows, and a valid file if no row matches', async () => {
  const where = encodeURIComponent(JSON.stringify({ column: 'i', op: '>', value: '9007199254740991' }));
  const one = (await download('hard', `columns=b,i&where=${where}`)).bytes.toString();
  assert.equal(one, 'b,i\ntrue,9223372036854775807\n');
  const never = `where=${encodeURIComponent('{"column":"i","op":"=","value":77}')}&columns=i`;
  assert.equal((await download('hard', never)).bytes.toString(), 'i\n');
  assert.equal((await download('hard', `${never}&format=ndjson`)).bytes.length, 0);
  const empty = tableFromIPC((await download('hard', `${never}&format=arrow`)).bytes);
  assert.deepEqual([empty.numRows, String(empty.schema.fields[0])], [0, 'i: Int64']);
  assert.equal((await download('hard', `${never}&format=parquet`)).bytes.subarray(0, 4).toString(), 'PAR1');
});

it('escapes texts that are formulas with escape_formulas, but not numbers', async () => {
  const texts = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '＝1', 'a=b', '', "'"];
  const fields = texts.map((text, index) => `"${text}",${-index - 1}\n`).join('');
  await send('formulas', `=cmd,n\n${fields}`);
  const plain = (await download('formulas', '')).bytes.toString();
  assert.match(plain, /^=cmd,n\n=1\+1,-1\n/);
  const escaped = (await download('formulas', 'escape_formulas=true')).bytes.toString();
  const wanted = texts.map((text, index) => {
    const safe = index < 7 ? `'${text}` : text;
    return `${/[\t\r]/.test(safe) || safe === '' ? `"${safe}"` : safe},${-index - 1}\n`;
  });
  assert.equal(escaped, `'=cmd,n\n${wanted.join('')}`);
  assert.equal((await call(urlOf('formulas', 'escape_formulas=true&format=ndjson'))).body.code, 'bad_request');
});

it('refuses invalid exports with a problem', async () => {
  const ask = async (customer: string, query: string) => {
    const { status, body } = await call(urlOf(customer, query));
    return [status, body.code];
  };
  assert.deepEqual(await ask('hard', 'format=xlsx'), [400, 'bad_request']);
  assert.match((await call(urlOf('hard', 'format=xlsx'))).body.detail, /format .*: csv, ndjson, parquet, arrow\.$/);
  assert.deepEqual(await ask('hard', 'columns=nothing'), [422, 'column_not_found']);
  assert.deepEqual(await ask('hard', 'where=x'), [422, 'query_invalid']);
  assert.deepEqual(await ask('hard', 'limit=1'), [400, 'bad_request']);
  assert.deepEqual(await ask('nobody', ''), [404, 'customer_not_found']);
  const posted = await fetch(urlOf('hard', 'format=csv'), { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
});

it('treats hostile column names as plain text in every format', async () => {
  const names = ['"; DROP TABLE rows; --', "it's", '__proto__', '$1, ?', '=a\\'];
  const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(',');
  await send('hostile', `${header}\n1,2,3,4,5\n`);
  const line = (await download('hostile', 'format=ndjson')).bytes.toString();
  assert.deepEqual(Object.keys(JSON.parse(line)), names);
  const csv = (await download('hostile', 'format=csv')).bytes.toString();
  assert.equal(csv, `"""; DROP TABLE rows; --",it's,__proto__,"$1, ?",=a\\\n1,2,3,4,5\n`);
  const { schema } = tableFromIPC((await download('hostile', 'format=arrow')).bytes);
  assert.deepEqual(
    schema.fields.map(({ name }) => name),
    names,
  );
  assert.equal((await download('hostile', 'format=parquet')).bytes.subarray(-4).toString(), 'PAR1');
  const chosen = names.map((name) => `columns=${encodeURIComponent(name)}`).reverse();
  assert.match((await download('hostile', chosen.join('&'))).bytes.toString(), /\n5,4,3,2,1\n$/);
});
