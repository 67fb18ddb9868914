import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { FileToLoad } from '../../src/ingest/load/file-to-load.ts';
import { Lease } from '../../src/ingest/load/lease.ts';
import { TableLoad } from '../../src/ingest/load/table-load.ts';
import { ProgressBoard } from '../../src/ingest/progress/progress-board.ts';
import { SegmentFeed } from '../../src/ingest/spool/segment-feed.ts';
import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { newUpload, receptionOf, registerReceiver } from '../builders.ts';
import { NO_CLICKHOUSE, startClickhouse } from '../cluster/clickhouse-server.ts';
import { clickhouseStore } from '../cluster/clickhouse-store.ts';
import { A, commitOf, FILE } from '../contract/catalog/catalog-under-test.ts';
import { engineInFolder } from '../engine/engine-in-folder.ts';

it('an attempt that has started over after the only upload of its table was undone does not need that table', {
  skip: NO_CLICKHOUSE ?? false,
}, async () => {
  const running = await engineInFolder();
  const test = await startClickhouse({ shards: 1 });
  const servers = new ClickhouseServers({ urls: test.urls, cluster: null });
  const catalog = await openSqliteCatalog(join(running.folder, 'catalog.sqlite'));
  try {
    await registerReceiver(catalog);
    const claimed = async () => {
      const { id } = await catalog.createUpload(newUpload('a'));
      await catalog.markReceived(receptionOf(id), FILE);
      const claim = await catalog.claimNext({ ...A, leaseMs: 60_000 });
      assert.ok(claim);
      return claim;
    };
    const first = await claimed();
    await catalog.commitUpload(commitOf(first));
    const claim = await claimed();
    assert.equal(claim.customer.table?.tableId, first.tableId);
    const deps = { catalog, observe: () => undefined, owner: A.owner };
    const lease = new Lease(deps, claim);
    // The store has no such table: it is dropped when no attempt loads into it any more.
    const tables = clickhouseStore(servers, running);
    const file = new FileToLoad(SegmentFeed.of(FILE), claim.customer, null);
    const { signal } = new AbortController();
    const load = new TableLoad({ tables, catalog, progress: new ProgressBoard() }, claim, lease, file, signal);
    await assert.rejects(load.keepsIntegersAsNumbers('n'));
    await catalog.undoUpload(first.upload.id);
    await load.startOver();
    assert.equal(await load.keepsIntegersAsNumbers('n'), true);
  } finally {
    await catalog.close();
    await servers.close();
    await test.remove();
    await running.close();
  }
});
