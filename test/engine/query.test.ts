import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, it } from 'node:test';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let place: EngineInFolder;
beforeEach(async () => {
  place = await engineInFolder();
});
afterEach(() => place.close());

it('answers a query of one table with bound values, and refuses more rows than asked for', async () => {
  const { engine, tables, source } = place;
  const database = join(tables, 'a.duckdb');
  const reading = [{ name: 'n', type: 'integer', format: null }] as const;
  await engine.call('begin_load', { database, columns: reading, create: true });
  await engine.call('append', {
    database,
    tag: 1,
    reading,
    source: source(['n'], '1\n2\n3\n'),
    exact: true,
    quick: true,
  });
  const ask = (sql: string, params: readonly bigint[], maxRows: number) =>
    engine.call('query', { database, sql, params, maxRows });
  const sql = 'SELECT n FROM rows WHERE n >= $1 ORDER BY n';
  assert.deepEqual((await ask(sql, [2n], 2)).rows, [[2n], [3n]]);
  await assert.rejects(ask(sql, [1n], 2), /more than 2 rows/);
  await assert.rejects(ask('SELECT nothing FROM rows', [], 2), /nothing/);
  await engine.call('drop', { database });
  await assert.rejects(ask(sql, [1n], 2), /no such table/);
});
