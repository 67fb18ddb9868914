import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { tableName } from '../../src/engine/sql.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { columns, parsedFile, TABLE_ID, tableOf } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

const ROWS = 12_000;
const INTEGER = columns({ n: 'integer' });
const NUMBER = columns({ n: 'number' }).map((column) => ({ ...column, parts: ['integer', 'number'] as const }));

let running: EngineInFolder;
before(async () => {
  running = await engineInFolder();
});
after(() => running.close());

async function load(tag: number, of: typeof INTEGER, text: string) {
  const store = duckdbTableStore(running.engine, running.storeSettings);
  const plan = { ...tableOf('a'), tag, columns: of, file: parsedFile(of), timeColumn: null };
  const session = await store.begin({ ...plan, create: tag === 1 });
  await session.append(running.source(['n'], text));
  return (await session.commit()).rows;
}

it('adds a column to a table while a query reads it, once the query has ended', async () => {
  await load(1, INTEGER, Array.from({ length: ROWS }, (_, n) => `${n}\n`).join(''));
  const database = `${running.tables}/a_${TABLE_ID}.duckdb`;
  const table = tableName(database);
  const sql = `SELECT count(*) FROM ${table} a JOIN ${table} b ON a.c0 % 1000 < b.c0 % 1001`;
  const ended: string[] = [];
  const query = running.engine
    .call('query', { database, sql, params: [], maxRows: 1, maxBytes: 1000 }, {})
    .then(({ kind }) => ended.push(`query: ${kind}`));
  const widened = load(2, NUMBER, '0.5\n').then((rows) => ended.push(`load: ${rows}`));
  await Promise.all([query, widened]);
  assert.deepEqual(ended, ['query: rows', 'load: 1']);
});
