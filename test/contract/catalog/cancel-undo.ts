import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Upload } from '../../../src/catalog/upload.ts';
import { newUploadId } from '../../../src/model/ids.ts';
import { customerId, receptionOf } from '../../builders.ts';
import { A, B, type CatalogUnderTest, FILE, LEASE_MS, leaseOf, OPTIONS, REQUEUED } from './catalog-under-test.ts';

type Times = readonly [firstRowAt: bigint, earliestAt: bigint, latestAt: bigint];

export function cancelUndoContract(t: CatalogUnderTest): void {
  const completeWith = ([firstRowAt, earliestAt, latestAt]: Times): Promise<Upload> =>
    t.appended('a', { firstRowAt, earliestAt, latestAt });

  describe('a cancelled or undone upload', () => {
    it('can be cancelled only while no attempt holds it and it has not ended', async () => {
      const waiting = await t.received('a');
      assert.equal(await t.catalog.cancelUpload(waiting.id), true);
      assert.equal(await t.statusOf(waiting.id), 'cancelled');
      assert.equal(await t.catalog.cancelUpload(waiting.id), false);
      const late = await t.receiving('a');
      assert.equal(await t.catalog.cancelUpload(late.id), true);
      await assert.rejects(t.catalog.markReceived(receptionOf(late.id), FILE), { code: 'upload_cancelled' });
      const held = await t.received('a');
      const claim = await t.claimed();
      assert.equal(await t.catalog.cancelUpload(held.id), false);
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: { kind: 'cancelled' } });
      const ended = await t.catalog.findUpload(held.id);
      assert.deepEqual([ended?.status, ended?.error], ['cancelled', null]);
      assert.equal(await t.catalog.claimNext(A), null);
    });

    it('is cancelled at once on request if it is in the queue', async () => {
      const waiting = await t.received('a');
      assert.equal(await t.catalog.requestCancel(waiting.id), 'cancelled');
      const cancelled = await t.catalog.findUpload(waiting.id);
      assert.deepEqual([cancelled?.status, cancelled?.finishedAt?.getTime()], ['cancelled', t.clock]);
      assert.equal(await t.catalog.requestCancel(waiting.id), 'ended');
      assert.equal(await t.catalog.claimNext(A), null);
      assert.equal(await t.catalog.requestCancel(newUploadId()), 'ended', 'there is no such upload');
    });

    it('is never acknowledged and never loaded early if that was requested while its bytes arrive', async () => {
      const late = await t.receiving('a');
      assert.equal(await t.catalog.requestCancel(late.id), 'requested');
      assert.equal(await t.catalog.requestCancel(late.id), 'requested', 'a request may be repeated');
      assert.equal(await t.catalog.claimReceiving({ uploadId: late.id, ...A }), null);
      await assert.rejects(t.catalog.markReceived(receptionOf(late.id), FILE), { code: 'upload_cancelled' });
      assert.equal(await t.catalog.cancelUpload(late.id), true, 'its receiver obeys');
      assert.equal(await t.statusOf(late.id), 'cancelled');
    });

    it('is ended by the next attempt if it was requested while another one held it', async () => {
      const held = await t.received('a');
      const first = await t.claimed();
      assert.equal(first.isCancelRequested, false);
      assert.equal(await t.catalog.requestCancel(held.id), 'requested');
      assert.equal(await t.statusOf(held.id), 'ingesting');
      await t.catalog.endAttempt({ ...leaseOf(first), outcome: REQUEUED });
      const second = await t.claimed();
      assert.deepEqual([second.upload.id, second.isCancelRequested], [held.id, true]);
      await t.catalog.endAttempt({ ...leaseOf(second), outcome: { kind: 'cancelled' } });
      assert.equal(await t.statusOf(held.id), 'cancelled');
    });

    it('is ended by the process that takes it over if the one that held it is gone', async () => {
      const held = await t.received('a');
      await t.claimed();
      await t.catalog.requestCancel(held.id);
      t.clock += LEASE_MS + 1;
      assert.equal(await t.catalog.requestCancel(held.id), 'requested');
      assert.equal((await t.claimed(B)).isCancelRequested, true);
    });

    it('is complete if its rows were committed before the request was obeyed', async () => {
      await t.received('a');
      const claim = await t.claimed();
      await t.catalog.requestCancel(claim.upload.id);
      assert.equal((await t.commit(claim)).status, 'complete');
      assert.equal(await t.catalog.requestCancel(claim.upload.id), 'ended');
    });

    it('has an uncommitted tag after the undo, and leaves the table to the remaining uploads', async () => {
      const first = await completeWith([20n, 10n, 30n]);
      const second = await completeWith([5n, 1n, 99n]);
      const third = await completeWith([40n, 15n, 50n]);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), []);
      assert.equal((await t.catalog.undoUpload(second.id))?.status, 'undone');
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [2]);
      assert.deepEqual(
        (await t.catalog.deadTags()).map(({ tag }) => tag),
        [2],
      );
      const table = await t.tableOf('a');
      assert.deepEqual(
        [table?.rows, table?.version, table?.firstRowAt, table?.earliestAt, table?.latestAt],
        [6, 4, 20n, 10n, 50n],
      );
      assert.equal(await t.catalog.undoUpload(second.id), null, 'it is undone already');
      await t.catalog.undoUpload(first.id);
      assert.deepEqual([(await t.tableOf('a'))?.firstRowAt, (await t.tableOf('a'))?.rows], [40n, 3]);
      await t.catalog.undoUpload(third.id);
      assert.equal(await t.tableOf('a'), null, 'the next upload creates the table again');
      await completeWith([7n, 7n, 7n]);
      assert.deepEqual([(await t.tableOf('a'))?.version, (await t.tableOf('a'))?.rows], [7, 3]);
    });
  });

  describe('a dry run', () => {
    it('is complete without rows: the table is unchanged, and there is nothing to undo', async () => {
      const real = await completeWith([20n, 10n, 30n]);
      const before = await t.tableOf('a');
      const { id } = await t.receiving('a', { options: { ...OPTIONS, dryRun: true } });
      await t.acknowledged(id);
      const times = { firstRowAt: 1n, earliestAt: 1n, latestAt: 99n };
      const dry = await t.commit(await t.claimed(), { ...times, dryRun: true });
      assert.deepEqual([dry.id, dry.status], [id, 'complete']);
      assert.deepEqual([dry.receipt?.tableRowsBefore, dry.receipt?.tableRowsAfter], [3, 3]);
      assert.deepEqual(await t.tableOf('a'), before);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [2]);
      assert.equal(await t.catalog.undoUpload(dry.id), null);
      await t.catalog.undoUpload(real.id);
      assert.equal(await t.tableOf('a'), null, 'a dry run does not create a table');
    });
  });
}
