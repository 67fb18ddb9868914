import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { parsedFile, TABLE_ID, tableOf } from '../builders.ts';
import { engineInFolder } from '../engine/engine-in-folder.ts';
import { tableStoreContract } from './table-store-contract.ts';

tableStoreContract('DuckDB', async () => {
  // Fewer tables than are used at once, so that some are detached and attached again.
  const running = await engineInFolder({ openTables: 2 });
  return {
    store: duckdbTableStore(running.engine, running.storeSettings),
    source: running.source,
    close: running.close,
  };
});

it('a table file of DuckDB holds typed values, and the tag in a hidden column', async () => {
  const running = await engineInFolder();
  try {
    const store = duckdbTableStore(running.engine, running.storeSettings);
    const formats = [
      { name: 'at', type: 'timestamp' },
      { name: 'n', type: 'integer' },
    ] as const;
    const load = { ...tableOf('file'), columns: formats, file: parsedFile(formats), timeColumn: 'at' };
    const first = await store.begin({ ...load, tag: 1, create: true });
    await first.append(running.source(['at', 'n'], '2024-01-01 00:00:00,1\n'));
    await first.commit();
    const second = await store.begin({ ...load, tag: 7, create: false });
    await second.append(running.source(['at', 'n'], '2024-01-02 00:00:00,2\n'));
    await second.commit();
    await running.engine.close();
    const instance = await DuckDBInstance.create(join(running.tables, `file_${TABLE_ID}.duckdb`), {
      access_mode: 'READ_ONLY',
    });
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll('SELECT *, typeof(c1) FROM rows ORDER BY ALL');
    assert.deepEqual(reader.columnNames(), ['c0', 'c1', '_thena_upload', 'typeof(c1)']);
    assert.deepEqual(reader.getRowsJson(), [
      ['2024-01-01 00:00:00', '1', 1, 'BIGINT'],
      ['2024-01-02 00:00:00', '2', 7, 'BIGINT'],
    ]);
    connection.closeSync();
    instance.closeSync();
  } finally {
    await running.close();
  }
});
