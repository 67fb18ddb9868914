import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newUploadId } from '../../../src/model/ids.ts';
import { customerId } from '../../builders.ts';
import { A, B, type CatalogUnderTest, commitOf, FAILED, LEASE_MS, leaseOf } from './catalog-under-test.ts';

export function queueContract(t: CatalogUnderTest): void {
  describe('the queue', () => {
    it('gives out the oldest upload, with its customer, a tag and a lease', async () => {
      const first = await t.received('b');
      t.clock += 1;
      await t.received('a');
      const claim = await t.claimed();
      assert.deepEqual(claim.upload, { ...first, status: 'ingesting', attempts: 1 });
      assert.equal(claim.customer.id, 'b');
      assert.equal(claim.tag, 1);
      assert.deepEqual(await t.catalog.findUpload(first.id), claim.upload);
    });

    it('does not give out uploads that are being received or have ended', async () => {
      await t.receiving('a');
      await t.appended('b');
      await t.received('c');
      await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome: FAILED });
      assert.equal(await t.catalog.claimNext(A), null);
    });

    it('gives out the uploads of a customer in order, one at a time, and those of other customers in the meantime', async () => {
      const first = await t.received('a');
      const second = await t.received('a');
      t.clock += 1;
      const other = await t.received('b');
      const claim = await t.claimed();
      assert.equal(claim.upload.id, first.id);
      assert.equal((await t.claimed(B)).upload.id, other.id);
      assert.equal(await t.catalog.claimNext(B), null);
      await t.commit(claim);
      assert.equal((await t.claimed(B)).upload.id, second.id);
    });

    it('gives out the uploads of a customer in order even if the clock is set back', async () => {
      const first = await t.received('a');
      t.clock -= 60_000;
      await t.received('a');
      assert.equal((await t.claimed()).upload.id, first.id);
    });

    it('waits for an upload of the same customer that is loaded while it is being received', async () => {
      const early = await t.receiving('a');
      assert.ok(await t.catalog.claimReceiving({ uploadId: early.id, ...A }));
      await t.received('a');
      assert.equal(await t.catalog.claimNext(B), null);
    });

    it('gives out no upload while an attempt holds another one of the customer, even with an expired lease', async () => {
      const other = await t.receiving('a');
      const early = await t.receiving('a');
      const claim = await t.catalog.claimReceiving({ uploadId: early.id, ...A });
      assert.ok(claim);
      await t.acknowledged(other.id);
      t.clock += LEASE_MS;
      // Each attempt would create the table of the customer, and the first to be committed would be lost.
      assert.equal(await t.catalog.claimNext(B), null);
      assert.equal(await t.catalog.claimReceiving({ uploadId: (await t.receiving('a')).id, ...B }), null);
      await t.catalog.deadTags();
      assert.equal((await t.claimed(B)).upload.id, other.id);
      await t.acknowledged(early.id);
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
    });

    it('gives out an upload again when its lease expires, before later uploads and with a new tag', async () => {
      await t.received('a');
      await t.received('a');
      const lost = await t.claimed();
      t.clock += LEASE_MS - 1;
      assert.equal(await t.catalog.claimNext(B), null);
      t.clock += 1;
      const taken = await t.claimed(B);
      assert.equal(taken.upload.id, lost.upload.id);
      assert.equal(taken.upload.attempts, 2);
      assert.equal(taken.tag, 2);
    });

    it('gives every claim of a customer a new tag, counted from 1 for each customer', async () => {
      const tags: number[] = [];
      for (const customer of ['a', 'a', 'b']) {
        await t.received(customer);
        const claim = await t.claimed();
        tags.push(claim.tag);
        await t.commit(claim);
      }
      assert.deepEqual(tags, [1, 2, 1]);
    });

    it('gives out an upload that is being received, without a change of status', async () => {
      const upload = await t.receiving('a');
      const claim = await t.catalog.claimReceiving({ uploadId: upload.id, ...A });
      assert.deepEqual(claim?.upload, { ...upload, attempts: 1 });
      assert.equal(claim?.tag, 1);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
    });

    it('gives out an upload that is being received only if no other upload of the customer is loaded or waits', async () => {
      const upload = await t.receiving('a');
      const claimEarly = () => t.catalog.claimReceiving({ uploadId: upload.id, ...B });
      const waiting = await t.received('a');
      assert.equal(await claimEarly(), null, 'another upload waits');
      const claim = await t.claimed();
      assert.equal(await claimEarly(), null, 'another upload is loaded');
      t.clock += LEASE_MS;
      assert.equal(await claimEarly(), null, 'another upload waits to be taken over');
      t.clock -= LEASE_MS;
      await t.commit(claim);
      assert.equal(await t.statusOf(waiting.id), 'complete');
      const other = await t.receiving('a');
      assert.ok(await t.catalog.claimReceiving({ uploadId: other.id, ...A }));
      assert.equal(await claimEarly(), null, 'another upload is loaded early');
      t.clock += LEASE_MS;
      await t.catalog.deadTags();
      assert.ok(await claimEarly());
      assert.equal(await claimEarly(), null, 'it is claimed already');
    });

    it('gives out no upload early that is not being received', async () => {
      const { id: uploadId } = await t.received('a');
      assert.equal(await t.catalog.claimReceiving({ uploadId, ...A }), null);
      assert.equal(await t.catalog.claimReceiving({ uploadId: newUploadId(), ...A }), null);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), []);
      await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome: FAILED });
      assert.equal(await t.catalog.claimReceiving({ uploadId, ...A }), null);
    });

    it('gives each upload to only one of several concurrent claims, one at a time per customer', async () => {
      const other = await t.connect();
      const customers = ['a', 'b', 'c', 'd', 'e', 'f'];
      for (const customer of customers) for (let at = 0; at < 2; at++) await t.received(customer);
      const claimants = Array.from({ length: 10 }, (_, at) => (at % 2 ? t.catalog : other));
      const claims = await Promise.all(
        claimants.map((claimant, at) => claimant.claimNext({ owner: `${at}`, leaseMs: LEASE_MS })),
      );
      const taken = claims.filter((claim) => claim !== null);
      assert.deepEqual(taken.map((claim) => claim.customer.id).sort(), customers);
      assert.deepEqual(
        taken.map((claim) => claim.tag),
        customers.map(() => 1),
      );
    });

    it('gives an upload that is being received to only one of two concurrent claims', async () => {
      const other = await t.connect();
      const { id: uploadId } = await t.receiving('a');
      const claims = await Promise.all([t.catalog, other].map((each) => each.claimReceiving({ uploadId, ...A })));
      assert.equal(claims.filter((claim) => claim !== null).length, 1);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
    });
  });
}
