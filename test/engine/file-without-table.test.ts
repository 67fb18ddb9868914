import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { customerId, parsedFile } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let running: EngineInFolder;
before(async () => {
  running = await engineInFolder();
});
after(() => running.close());

/** What a crash may leave between the creation of the file and that of its table. */
it('purges a table file without a table, and creates the table with the next load', async () => {
  const instance = await DuckDBInstance.create(join(running.tables, 'left.duckdb'));
  const connection = await instance.connect();
  await connection.run('CHECKPOINT');
  connection.closeSync();
  instance.closeSync();
  const store = duckdbTableStore(running.engine, running.storeSettings);
  await store.purge(customerId('left'), [1]);
  const columns = [{ name: 'n', type: 'integer' }] as const;
  const load = { customerId: customerId('left'), tag: 2, columns, timeColumn: null, create: true, trustShapes: true };
  const session = await store.begin({ ...load, file: parsedFile(columns) });
  await session.append(running.source(['n'], '1\n'));
  assert.equal((await session.commit()).rows, 1);
});
