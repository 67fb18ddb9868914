import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { Problem } from '../../src/errors.ts';
import type { Observation } from '../../src/events.ts';
import { retryUpload } from '../../src/ingest/manage/retry.ts';
import { FolderSpool } from '../../src/ingest/spool/folder-spool.ts';
import { dangerouslyAllow } from '../../src/model/customer-access.ts';
import { customerId, newUpload, receivedFile, receptionOf, registerReceiver } from '../builders.ts';
import { openSharedPlace, startNode } from '../cluster/node-pair.ts';
import { A, FAILED, leaseOf } from '../contract/catalog/catalog-under-test.ts';
import { begin, idOf, send } from '../http/tus-requests.ts';
import { ended, totalRows } from '../server.ts';

/** Sends a resumable file to a node whose catalog is changed. @returns the status of the last request */
async function sentTo(changed: (catalog: Catalog) => Partial<Catalog>): Promise<number> {
  const place = await openSharedPlace();
  const catalog = await openSqliteCatalog(join(place.folder, 'catalog.sqlite'));
  const node = await startNode('node', { ...catalog, ...changed(catalog) }, place);
  try {
    const created = await begin(node.url, 4, { customer_id: 'a' });
    const address = node.url + created.headers.get('location');
    const { status, body } = await send(address, 0, Buffer.from('n\n1\n'));
    assert.equal((await ended(node.url, idOf(address))).status, 'complete', JSON.stringify(body));
    assert.equal(await totalRows(node.url, 'a'), 1);
    return status;
  } finally {
    await node.close();
    await place.close();
  }
}

it('a resumable file is acknowledged, even if the answer to its removal is lost', async () => {
  const status = await sentTo((catalog) => ({
    async removeResumable(id) {
      await catalog.removeResumable(id);
      throw new Problem('catalog_unavailable', 'The answer was lost.');
    },
  }));
  assert.equal(status, 204);
});

it('a retry is acknowledged, even if the bytes of the failed upload cannot be removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-cleanup-'));
  const catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'));
  try {
    await registerReceiver(catalog);
    const { id } = await catalog.createUpload(newUpload('a'));
    await catalog.markReceived(receptionOf(id), receivedFile({ segments: [] }), undefined);
    const claim = await catalog.claimNext({ ...A, leaseMs: 60_000 });
    assert.ok(claim);
    await catalog.endAttempt({ ...leaseOf(claim), outcome: FAILED });
    const failed = await catalog.findUpload(id);
    const retry = await catalog.createUpload(newUpload('a', { retryOf: id }));
    assert.ok(failed);
    const observations: Observation[] = [];
    const spool = new FolderSpool(folder, 'instance');
    spool.remove = () => Promise.reject(new Problem('spool_unavailable', 'The spool is away.'));
    const receptions = {
      async receive() {
        await catalog.markReceived(receptionOf(retry.id), receivedFile({ segments: [] }), undefined);
        return retry;
      },
    };
    const observe = (observation: Observation): void => void observations.push(observation);
    const deps = { catalog, spool, receptions, observe };
    assert.equal((await retryUpload(deps, dangerouslyAllow(customerId('a')), failed, {})).id, retry.id);
    assert.deepEqual(
      observations.map(({ kind }) => kind),
      ['background_failed'],
    );
  } finally {
    await catalog.close();
    await rm(folder, { recursive: true });
  }
});
