import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { columns, parsedFile, tableOf } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

let running: EngineInFolder;
before(async () => {
  running = await engineInFolder();
});
after(() => running.close());

it('creates a table again while the rows of its undone uploads are being deleted', async () => {
  const store = duckdbTableStore(running.engine, running.storeSettings);
  const table = tableOf('a');
  const load = { ...table, columns: columns({ n: 'integer' }), timeColumn: null, create: true };
  for (let tag = 1; tag < 40; tag++) {
    const purged = Array.from({ length: 4 }, () =>
      store.purge(table, [tag - 1]).catch((error: Error) => error.message),
    );
    await store.drop(table);
    const session = await store.begin({ ...load, tag, file: parsedFile(load.columns) });
    await session.append(running.source(['n'], '1\n2\n'));
    assert.equal((await session.commit()).rows, 2);
    // The table may be gone at this moment.
    for (const failure of await Promise.all(purged))
      assert.match(failure ?? 'is missing', /is missing$|does not exist/);
  }
});
