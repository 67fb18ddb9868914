import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { openSharedPlace, startNode } from '../cluster/node-pair.ts';
import { call, ended, put, totalRows } from '../server.ts';
import { until } from '../until.ts';

it('keeps the rows of an upload whose commit is reported as lost, although the catalog has made it', async () => {
  const place = await openSharedPlace();
  const catalog = await openSqliteCatalog(join(place.folder, 'catalog.sqlite'));
  const node = await startNode(
    'node',
    {
      ...catalog,
      // As if it had been repeated: the lease ends with the first commit.
      async commitUpload(commit) {
        await catalog.commitUpload(commit);
        return catalog.commitUpload(commit);
      },
    },
    place,
  );
  try {
    for (const rows of [2, 4]) {
      const { body } = await put(node.url, 'a', 'n\n1\n2\n');
      assert.equal((await ended(node.url, body.id)).status, 'complete');
      await until(async () => node.observations.filter(({ kind }) => kind === 'attempt_failed').length === rows / 2);
      const query = { customer_id: 'a', query: { measures: [{ fn: 'count' }] } };
      const reply = await call(`${node.url}/api/v1/analyze/`, { json: query });
      assert.deepEqual(reply.body.result?.rows, [[rows]], JSON.stringify(reply.body));
      assert.equal(await totalRows(node.url, 'a'), rows);
    }
  } finally {
    await node.close();
    await place.close();
  }
});
