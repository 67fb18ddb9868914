import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { Problem } from '../../src/errors.ts';
import type { UploadId } from '../../src/model/ids.ts';
import { type Node, openSharedPlace, type SharedPlace, startNode } from '../cluster/node-pair.ts';
import { call, formOf, put, WAIT } from '../server.ts';
import { until } from '../until.ts';

/** Longer than a first segment, so that it is registered before its end. */
const LONG = `a,b;c,d\n${'1,2;3,4\n'.repeat(1_500_000)}`;

describe('a form whose text is received again, because of an option after the file', () => {
  let place: SharedPlace;
  let node: Node;
  /** Called before an acknowledgement. */
  let reached: (id: UploadId) => Promise<void> = async () => undefined;
  /** Whether the catalog is away when an upload is to be withdrawn. */
  let isAway = false;
  beforeEach(async () => {
    place = await openSharedPlace();
    const catalog = await openSqliteCatalog(join(place.folder, 'catalog.sqlite'));
    const slow: typeof catalog = {
      ...catalog,
      async markReceived(reception, ...rest) {
        await reached(reception.uploadId);
        return catalog.markReceived(reception, ...rest);
      },
      async deleteUpload(reception) {
        if (isAway) throw new Problem('catalog_unavailable', 'The catalog is away.');
        return catalog.deleteUpload(reception);
      },
    };
    node = await startNode('node', slow, place);
  });
  afterEach(async () => {
    isAway = false;
    await node.close();
    await place.close();
  });

  /** Sends such a form, and stops before its acknowledgement. */
  async function sent() {
    const acknowledging = Promise.withResolvers<UploadId>();
    const goOn = Promise.withResolvers<void>();
    reached = (id) => {
      acknowledging.resolve(id);
      return goOn.promise;
    };
    const body = formOf(['customer_id', 'long'], ['file', Buffer.from(LONG)], ['delimiter', ';']);
    const answer = call(`${node.url}/api/v1/event/`, { method: 'POST', body, headers: WAIT });
    return { answer, id: await acknowledging.promise, goOn: () => goOn.resolve() };
  }

  it('is not taken for one whose reception has ended', async () => {
    const { body: earlier } = await put(node.url, 'undone', 'n\n1\n', WAIT);
    const { answer, id, goOn } = await sent();
    assert.equal((await call(`${node.url}/api/v1/uploads/${id}`)).body.status, 'receiving');
    // The rest of the housekeeping follows.
    await call(`${node.url}/api/v1/uploads/${earlier.id}`, { method: 'DELETE' });
    await until(async () => (await node.catalog.deadTags()).every(({ uploadId }) => uploadId !== earlier.id));
    await sleep(500);
    goOn();
    const { status, body } = await answer;
    assert.deepEqual([status, body.status, body.id], [200, 'complete', id], JSON.stringify(body));
  });

  it('is acknowledged, even if what was received before cannot be removed at that moment', async () => {
    const { answer, id, goOn } = await sent();
    isAway = true;
    goOn();
    const { status, body } = await answer;
    assert.deepEqual([status, body.status, body.id], [200, 'complete', id], JSON.stringify(body));
  });

  it('is cancelled by the ID that it had before, even at its acknowledgement', async () => {
    const { answer, id, goOn } = await sent();
    const { items } = (await call(`${node.url}/api/v1/customers/long/uploads`)).body;
    const before = items.find((upload: { readonly id: string }) => upload.id !== id);
    const cancelling = call(`${node.url}/api/v1/uploads/${before.id}`, { method: 'DELETE' });
    await sleep(500);
    goOn();
    const { status, body } = await answer;
    assert.deepEqual([status, body.code], [409, 'upload_cancelled'], JSON.stringify(body));
    assert.equal((await cancelling).body.status, 'cancelled');
    const { body: after } = await call(`${node.url}/api/v1/customers/long/uploads`);
    assert.ok(after.items.every((upload: { readonly status: string }) => upload.status === 'cancelled'));
  });
});
