import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchedUpload } from '../../../src/catalog/shared-uploads.ts';
import { newUploadId, type UploadId } from '../../../src/model/ids.ts';
import { customerId } from '../../builders.ts';
import { type CatalogUnderTest, ERROR } from './catalog-under-test.ts';

export function sharedUploadsContract(t: CatalogUnderTest): void {
  describe('what other processes know of an upload', () => {
    const look = async (uploadIds: readonly UploadId[], customers: readonly string[] = [], sinceMs = t.clock) =>
      t.catalog.watchedUploads({
        uploadIds,
        customerIds: customers.map(customerId),
        endedSince: new Date(sinceMs),
      });
    const idsOf = ({ uploads }: { readonly uploads: readonly WatchedUpload[] }) => uploads.map(({ id }) => id).sort();

    it('is its latest progress, until it has ended', async () => {
      const { id } = await t.receiving('a');
      const other = (await t.receiving('b')).id;
      await t.catalog.saveProgress([{ uploadId: id, bytesReceived: 5, rowsRead: 0 }]);
      await t.catalog.saveProgress([
        { uploadId: id, bytesReceived: 2 ** 40, rowsRead: 7 },
        { uploadId: other, bytesReceived: 1, rowsRead: 0 },
      ]);
      await t.catalog.saveProgress([]);
      const saved = { uploadId: id, bytesReceived: 2 ** 40, rowsRead: 7 };
      assert.deepEqual(await (await t.connect()).savedProgress([id, newUploadId()]), [saved]);
      assert.deepEqual(await t.catalog.savedProgress([]), []);
      await t.catalog.forgetSharedUploads();
      assert.deepEqual(await t.catalog.savedProgress([id]), [saved]);
      await t.catalog.cancelUpload(id);
      await t.catalog.forgetSharedUploads();
      assert.deepEqual(await t.catalog.savedProgress([id]), []);
      assert.equal((await t.catalog.savedProgress([other])).length, 1);
    });

    it('is why it was refused, for a while, and only for its customer', async () => {
      const uploadId = newUploadId();
      const refusal = { uploadId, customerId: customerId('a'), error: ERROR, keepMs: 1_000 };
      await t.catalog.addRefusal({ ...refusal, error: { ...ERROR, detail: 'an earlier one' } });
      await t.catalog.addRefusal(refusal);
      const elsewhere = await t.connect();
      assert.deepEqual(await elsewhere.findRefusal(customerId('a'), uploadId), ERROR);
      assert.equal(await elsewhere.findRefusal(customerId('b'), uploadId), null);
      assert.equal(await elsewhere.findRefusal(customerId('a'), newUploadId()), null);
      t.clock += 999;
      await t.catalog.forgetSharedUploads();
      assert.deepEqual(await elsewhere.findRefusal(customerId('a'), uploadId), ERROR);
      t.clock += 1;
      assert.equal(await elsewhere.findRefusal(customerId('a'), uploadId), null);
    });

    it('is found by its ID or its customer while it has not ended, and for as long afterwards as was asked', async () => {
      const mine = (await t.receiving('a')).id;
      const named = (await t.receiving('b')).id;
      await t.receiving('c');
      assert.deepEqual(idsOf(await look([named], ['a'])), [mine, named].sort());
      assert.deepEqual(await look([]), { at: new Date(t.clock), uploads: [] });
      t.clock += 100;
      await t.catalog.cancelUpload(named);
      const since = await look([named], ['a'], t.clock - 1);
      const hasEnded = since.uploads.map(({ id, hasEnded }) => [id, hasEnded]);
      assert.deepEqual(
        new Map(hasEnded as [UploadId, boolean][]),
        new Map([
          [mine, false],
          [named, true],
        ]),
      );
      assert.deepEqual(idsOf(await look([named], ['a'], t.clock)), [mine]);
    });

    it('is the request to cancel it', async () => {
      const { id } = await t.receiving('a');
      assert.equal((await look([id])).uploads[0]?.isCancelRequested, false);
      await t.catalog.requestCancel(id);
      assert.equal((await look([id])).uploads[0]?.isCancelRequested, true);
    });

    it('differs after each change that clients see, and only then', async () => {
      const { id } = await t.receiving('a');
      const states: (string | undefined)[] = [];
      const note = async (): Promise<void> => void states.push((await look([id], [], 0)).uploads[0]?.state);
      await note();
      await note();
      assert.equal(states[0], states.pop());
      await t.catalog.saveProgress([{ uploadId: id, bytesReceived: 5, rowsRead: 0 }]);
      await note();
      await t.acknowledged(id);
      await note();
      const claim = await t.claimed();
      await note();
      await t.catalog.saveProgress([{ uploadId: id, bytesReceived: 5, rowsRead: 2 }]);
      await note();
      await t.commit(claim);
      await note();
      await t.catalog.undoUpload(id);
      await note();
      assert.equal(new Set(states).size, 7, JSON.stringify(states));
    });
  });
}
