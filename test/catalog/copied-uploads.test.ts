import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { kyselyCatalog } from '../../src/catalog/kysely/kysely-catalog.ts';
import { openSqlite } from '../../src/catalog/sqlite/open-sqlite.ts';
import { newUpload, receivedFile, receptionOf, registerReceiver } from '../builders.ts';
import { A, commitOf } from '../contract/catalog/catalog-under-test.ts';

test('an event of an earlier version, whose copy of the upload lacks columns, is sent with their current values', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-catalog-'));
  const db = await openSqlite(join(folder, 'catalog.sqlite'));
  try {
    const catalog = kyselyCatalog(db, async () => Date.now());
    await registerReceiver(catalog);
    const { id, customerId } = await catalog.createUpload(newUpload('a'));
    const webhook = { id: 'w1', customerId, url: 'http://x/', description: null, secret: 's' };
    await catalog.addWebhook({ ...webhook, events: ['upload.complete'] }, 1);
    await catalog.markReceived(receptionOf(id), receivedFile({ segments: [] }));
    const claim = (await catalog.claimNext(A)) ?? assert.fail();
    const upload = await catalog.commitUpload(commitOf(claim));
    const earlier = sql<string>`json_remove(upload, '$.retry_until', '$.duplicate_of', '$.earliest_at', '$.key_id')`;
    await db.updateTable('webhook_events').set({ upload: earlier }).execute();
    await catalog.undoUpload(id);
    const sent = await catalog.claimDelivery({ ...A, busyWebhooks: [], busyCustomers: [] });
    assert.deepEqual(sent?.upload, upload);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
});
