import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttemptOutcome, Claim } from '../../../src/catalog/upload-queue.ts';
import { newUploadId } from '../../../src/model/ids.ts';
import { customerId } from '../../builders.ts';
import {
  A,
  B,
  type CatalogUnderTest,
  commitOf,
  ERROR,
  FAILED,
  LEASE_MS,
  leaseOf,
  REQUEUED,
} from './catalog-under-test.ts';

export function attemptsContract(t: CatalogUnderTest): void {
  describe('an attempt', () => {
    it('holds its upload as long as it renews the lease', async () => {
      await t.received('a');
      const claim = await t.claimed();
      t.clock += LEASE_MS - 1;
      assert.equal(await t.catalog.renewLease({ ...leaseOf(claim), leaseMs: LEASE_MS }), true);
      t.clock += LEASE_MS - 1;
      assert.equal(await t.catalog.claimNext(B), null);
      assert.equal(await t.catalog.renewLease({ ...leaseOf(claim, 'b'), leaseMs: LEASE_MS }), false);
      t.clock += 1;
      const taken = await t.claimed(B);
      assert.equal(await t.catalog.renewLease({ ...leaseOf(claim), leaseMs: LEASE_MS }), false);
      await t.catalog.commitUpload({ ...commitOf(taken), owner: 'b' });
      assert.equal(await t.catalog.renewLease({ ...leaseOf(taken, 'b'), leaseMs: LEASE_MS }), false);
    });

    it('can start over with a new tag', async () => {
      await t.received('a');
      const claim = await t.claimed();
      const again = await t.catalog.retag(leaseOf(claim));
      assert.ok(again !== 'lost');
      assert.equal(again.tag, 2);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1, 2]);
      assert.equal((await t.catalog.findUpload(claim.upload.id))?.attempts, 1);
      assert.equal(await t.catalog.retag(leaseOf(claim)), 'lost');
      assert.equal(await t.catalog.renewLease({ ...leaseOf(claim), leaseMs: LEASE_MS }), false);
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
      assert.equal((await t.commit({ ...claim, ...again })).status, 'complete');
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
    });

    it('cannot start over if it does not hold the upload', async () => {
      await t.received('a');
      const claim = await t.claimed();
      assert.equal(await t.catalog.retag(leaseOf(claim, 'b')), 'lost');
      assert.equal(await t.catalog.retag({ ...leaseOf(claim), uploadId: newUploadId() }), 'lost');
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
    });

    it('can fail its upload, which ends the lease', async () => {
      await t.received('a');
      const next = await t.received('a');
      const claim = await t.claimed();
      t.clock += 3;
      assert.equal(await t.catalog.endAttempt({ ...leaseOf(claim), outcome: FAILED }), true);
      const failed = await t.catalog.findUpload(claim.upload.id);
      assert.equal(failed?.status, 'failed');
      assert.deepEqual(failed?.error, ERROR);
      assert.deepEqual(failed?.finishedAt, new Date(t.clock));
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
      assert.equal((await t.claimed()).upload.id, next.id);
    });

    it('can return its upload to the queue, or to receiving', async () => {
      const queued = await t.received('a');
      await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome: REQUEUED });
      assert.equal(await t.statusOf(queued.id), 'received');
      assert.equal((await t.claimed()).upload.attempts, 2);
      const { id: uploadId } = await t.receiving('b');
      const early = await t.catalog.claimReceiving({ uploadId, ...A });
      await t.catalog.endAttempt({ ...leaseOf(early as Claim), outcome: REQUEUED });
      assert.equal(await t.statusOf(uploadId), 'receiving');
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...A }));
    });

    it('counts only the ends that were deaths of the engine', async () => {
      const { id: uploadId } = await t.received('a');
      const ends: readonly AttemptOutcome[] = [REQUEUED, { kind: 'requeued', engineDied: true }, REQUEUED];
      for (const outcome of ends) await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome });
      t.clock += LEASE_MS;
      await t.claimed();
      await t.catalog.releaseDeadLeases();
      const found = await t.catalog.findUpload(uploadId);
      assert.deepEqual([found?.attempts, found?.engineDeaths], [4, 1]);
    });

    it('does not end an upload that another attempt has taken over', async () => {
      await t.received('a');
      const old = await t.claimed();
      t.clock += LEASE_MS;
      const taken = await t.claimed(B);
      for (const outcome of [FAILED, REQUEUED]) {
        assert.equal(await t.catalog.endAttempt({ ...leaseOf(old), outcome }), false);
      }
      await t.catalog.endAttempt({ ...leaseOf(taken), outcome: FAILED });
      assert.deepEqual(await t.catalog.findUpload(taken.upload.id), taken.upload);
      assert.notEqual(await t.catalog.commitUpload({ ...commitOf(taken), owner: 'b' }), 'lost');
    });

    it('does not change an upload that has ended', async () => {
      const complete = await t.appended('a');
      await t.received('b');
      const claim = await t.claimed();
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: FAILED });
      const failed = await t.catalog.findUpload(claim.upload.id);
      for (const outcome of [{ ...FAILED, error: { ...ERROR, code: 'other' } }, REQUEUED]) {
        await t.catalog.endAttempt({ uploadId: complete.id, tag: 1, owner: 'a', outcome });
        await t.catalog.endAttempt({ ...leaseOf(claim), outcome });
      }
      assert.deepEqual(await t.catalog.findUpload(complete.id), complete);
      assert.deepEqual(await t.catalog.findUpload(claim.upload.id), failed);
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
      assert.equal(await t.catalog.commitUpload(commitOf({ ...claim, upload: complete, tag: 1 })), 'lost');
      assert.deepEqual(await t.acknowledged(claim.upload.id), failed);
    });

    it('loses its upload when all leases are ended', async () => {
      const queued = await t.received('a');
      const claim = await t.claimed();
      const { id: uploadId } = await t.receiving('b');
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...A }));
      const complete = await (async () => {
        await t.received('c');
        return t.commit(await t.claimed());
      })();
      await t.catalog.releaseDeadLeases();
      assert.equal(await t.statusOf(queued.id), 'received');
      assert.equal(await t.statusOf(uploadId), 'receiving');
      assert.deepEqual(await t.catalog.findUpload(complete.id), complete);
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
      assert.equal((await t.claimed(B)).upload.id, queued.id);
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...B }));
    });
  });
}
