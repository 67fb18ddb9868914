import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { TABLE_ID, tableOf } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let running: EngineInFolder;
before(async () => {
  running = await engineInFolder();
});
after(() => running.close());

/** What a crash may leave between the creation of the file and that of its table. */
it('drops a table file without a table', async () => {
  const instance = await DuckDBInstance.create(join(running.tables, `left_${TABLE_ID}.duckdb`));
  const connection = await instance.connect();
  await connection.run('CHECKPOINT');
  connection.closeSync();
  instance.closeSync();
  const store = duckdbTableStore(running.engine, running.storeSettings);
  await store.drop(tableOf('left'));
  assert.deepEqual(readdirSync(running.tables), []);
});
