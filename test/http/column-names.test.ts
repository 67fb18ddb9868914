import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { call, type RunningThena, startThena, upload } from '../server.ts';

const LONGEST = '\u{1F600}'.repeat(255);

/** Names that mean something to DuckDB, to SQL or to Thena's own statements, and others that are easily changed. */
const NAMES = [
  'rowid',
  'row_id',
  'c1',
  'C0',
  'v0',
  'g0',
  'o0',
  'm0',
  'k0',
  'e0',
  't',
  'v',
  'r',
  'tag',
  'rows',
  'record',
  'filename',
  'file_row_number',
  'columns',
  'select',
  'from',
  'COLUMNS(*)',
  '*',
  'main.rows',
  'thena_upload',
  'thena_number',
  '"',
  '""',
  `'`,
  `it's`,
  'a"b',
  'a.b',
  'a\\b',
  'a,b',
  '1',
  '$1',
  '?',
  '\\N',
  '\u00e9',
  'e\u0301',
  '\u212a',
  'ﬁ',
  'İ',
  'straße',
  'a\u2028b',
  '\u202e',
  'a\ufeffb',
  'constructor',
  '__proto__',
  LONGEST,
];

let thena: RunningThena;
before(async () => {
  thena = await startThena({ THENA_MAX_COLUMNS: '100' });
});
after(() => thena.close());

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const tableUrl = (customer: string): string => `${thena.url}/api/v1/customers/${customer}/table`;

async function send(customer: string, names: readonly string[], rows: readonly (readonly unknown[])[]): Promise<void> {
  const text = [names.map(quoted), ...rows].map((fields) => `${fields.join(',')}\n`).join('');
  const { body } = await upload(thena.url, customer, text);
  assert.equal(body.status, 'complete', JSON.stringify(body));
}

async function pages(customer: string, query: Readonly<Record<string, string>>): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const parameters = new URLSearchParams({ ...query, limit: '2', ...(cursor && { cursor }) });
    const { status, body } = await call(`${tableUrl(customer)}/rows?${parameters}`);
    assert.equal(status, 200, JSON.stringify(body));
    rows.push(...body.rows);
    cursor = body.next_cursor;
  }
  return rows;
}

async function download(customer: string, format: string): Promise<Buffer> {
  const response = await fetch(`${tableUrl(customer)}/export?format=${format}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.equal(response.status, 200, bytes.toString());
  return bytes;
}

async function analyze(customer: string, request: object): Promise<unknown[][]> {
  const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, ...request } });
  assert.equal(status, 200, JSON.stringify(body));
  return body.result.rows;
}

/** The names and rows of a Parquet file, as DuckDB reads them. */
async function readParquet(bytes: Buffer): Promise<{ names: readonly string[]; rows: unknown[][] }> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const path = join(folder, 'a.parquet');
    writeFileSync(path, bytes);
    const names = (await connection.runAndReadAll(`SELECT name FROM parquet_schema('${path}') OFFSET 1`)).getRows();
    const rows = (await connection.runAndReadAll(`FROM '${path}'`)).getRows();
    return { names: names.map(([name]) => String(name)), rows: rows.map((row) => row.map(Number)) };
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}

describe('names of columns are names, and nothing else', () => {
  for (const [spelling, name] of ['rowid', 'RowId', 'ROWID'].entries()) {
    it(`returns every row of a table with a column ${name}`, async () => {
      // As row ids, these values would be all outside the ranges that are read, or all the same.
      for (const [index, values] of [[-1, -1, -1, -1, -1], [3, 3, 3, 3, 3], [], ['a', 'b', 'c', 'd', 'e']].entries()) {
        const customer = `rowid-${spelling}-${index}`;
        const rows = [0, 1, 2, 3, 4].map((n) => [values[n] ?? 9_000_000 + n, n]);
        await send(customer, [name, 'n'], rows);
        const inOrder = (found: unknown[][]) => found.toSorted(([, a], [, b]) => Number(a) - Number(b));
        assert.deepEqual(inOrder(await pages(customer, {})), rows);
        const lines = (await download(customer, 'csv')).toString().trimEnd().split('\n').slice(1);
        assert.deepEqual(lines.toSorted(), rows.map((row) => row.join(',')).toSorted());
        const objects = (await download(customer, 'ndjson')).toString().trimEnd().split('\n');
        assert.deepEqual(inOrder(objects.map((line) => Object.values(JSON.parse(line)))), rows);
        assert.equal(tableFromIPC(await download(customer, 'arrow')).numRows, 5);
        assert.equal((await readParquet(await download(customer, 'parquet'))).rows.length, 5);
      }
    });
  }

  it('returns every name and value of a table as they were sent, in every form', async () => {
    const customer = 'all';
    const row = (n: number) => NAMES.map((_, index) => 1000 * n + index);
    await send(customer, NAMES, [row(0), row(1), row(2)]);
    // The columns of a later file may be in another order.
    await send(customer, NAMES.toReversed(), [row(3).toReversed(), row(4).toReversed()]);
    const expected = [0, 1, 2, 3, 4].map(row);
    const sorted = (rows: readonly unknown[][]) => rows.toSorted(([a], [b]) => Number(a) - Number(b));
    assert.deepEqual(sorted(await pages(customer, {})), expected);

    const [head = '', ...lines] = (await download(customer, 'csv')).toString().trimEnd().split('\n');
    await upload(thena.url, 'copy', `${head}\n${lines.join('\n')}\n`);
    const { body } = await call(tableUrl('copy'));
    assert.deepEqual(
      body.columns.map((column: { name: string }) => column.name),
      NAMES,
    );
    assert.deepEqual(sorted(lines.map((line) => line.split(',').map(Number))), expected);

    const objects = (await download(customer, 'ndjson')).toString().trimEnd().split('\n');
    // As text, since JSON.parse moves names that are numbers to the front.
    const written = (values: readonly number[]) =>
      `{${NAMES.map((name, index) => `${JSON.stringify(name)}:${values[index]}`).join(',')}}`;
    assert.deepEqual(objects.toSorted(), expected.map(written).toSorted());

    const arrow = tableFromIPC(await download(customer, 'arrow'));
    assert.deepEqual(
      arrow.schema.fields.map(({ name }) => name),
      NAMES,
    );
    const children = NAMES.map((_, index) => Array.from(arrow.getChildAt(index) ?? [], Number));
    assert.deepEqual(sorted(expected.map((_, n) => children.map((values) => values[n]))), expected);

    const parquet = await readParquet(await download(customer, 'parquet'));
    assert.deepEqual(parquet.names, NAMES);
    assert.deepEqual(sorted(parquet.rows), expected);
  });

  it('accepts in a query, in a condition and in a URL every name that a file may have', async () => {
    for (const [index, name] of NAMES.entries()) {
      const where = { column: name, op: '>=', value: 3000 };
      const query = {
        measures: [{ fn: 'max', column: name }],
        group_by: [{ column: name, as: `${[...name].slice(0, 254).join('')}x` }],
        where,
      };
      assert.deepEqual(await analyze('all', { query }), [
        [3000 + index, 3000 + index],
        [4000 + index, 4000 + index],
      ]);
      const named = { measures: [{ fn: 'min', column: name, as: name }], order_by: [name] };
      assert.deepEqual(await analyze('all', { query: named }), [[index]], name);
      const top = await analyze('all', { analyze_type: 10005, column: name });
      assert.deepEqual(top[0], [index, 1], name);
      const selected = await pages('all', { columns: name, where: JSON.stringify(where) });
      assert.deepEqual(selected.flat().toSorted(), [3000 + index, 4000 + index], name);
    }
  });

  it('accepts 255 characters of any length in bytes everywhere, and refuses 256 everywhere', async () => {
    const declare = (name: string, id: string) =>
      call(`${thena.url}/api/v1/customers`, {
        json: { customer_id: id, time_column: name, columns: [{ name, type: 'timestamp' }] },
      });
    for (const character of ['a', 'é', '\u4e2d', '\u{1F600}']) {
      const id = `length-${character.codePointAt(0)}`;
      const [longest, tooLong] = [character.repeat(255), character.repeat(256)];
      assert.equal((await declare(longest, `${id}-declared`)).status, 201);
      assert.ok([400, 422].includes((await declare(tooLong, `${id}-not`)).status));
      await send(id, [longest, 'n'], [[1, 2]]);
      const refused = await upload(thena.url, id, `${tooLong},n\n1,2\n`);
      assert.deepEqual([refused.status, refused.body.code], [422, 'column_name_invalid']);
      assert.deepEqual(await pages(id, { columns: `${longest},n` }), [[1, 2]]);
      const query = { measures: [{ fn: 'sum', column: longest, as: longest }] };
      assert.deepEqual(await analyze(id, { query }), [[1]]);
      const asked = { measures: [{ fn: 'sum', column: longest, as: tooLong }] };
      const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: id, query: asked } });
      assert.equal(body.code, 'query_invalid', JSON.stringify(body));
    }
  });

  it('refuses names with control characters, and names that only letter case distinguishes', async () => {
    for (const [names, code] of [
      [['a\nb', 'c'], 'column_name_invalid'],
      [['a\tb', 'c'], 'column_name_invalid'],
      [['a\u0085', 'c'], 'column_name_invalid'],
      [['rowid', 'RowId'], 'duplicate_column'],
      [['\u00e9', '\u00c9'], 'duplicate_column'],
      [['_Thena_upload', 'c'], 'column_name_invalid'],
    ] as const) {
      const { status, body } = await upload(thena.url, 'refused', `${names.map(quoted).join(',')}\n1,2\n`);
      assert.deepEqual([status, body.code], [422, code], JSON.stringify(body));
    }
    // No file can have these: names in a header are trimmed, and decoded from bytes.
    for (const name of [' a', 'a\ufeff', 'a\ud83d']) {
      const declaration = { customer_id: 'refused', columns: [{ name, type: 'text' }] };
      const { status, body } = await call(`${thena.url}/api/v1/customers`, { json: declaration });
      assert.deepEqual([status, body.code], [422, 'column_name_invalid'], JSON.stringify(body));
    }
  });
});
