import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QueueLimit } from '../../../src/catalog/queue-limits.ts';
import { customerId, receptionOf } from '../../builders.ts';
import { A, type CatalogUnderTest, fileOf, leaseOf } from './catalog-under-test.ts';

export function queueLimitsContract(t: CatalogUnderTest): void {
  describe('the limits of the queue', () => {
    it('allow exactly as many uploads as the limit, however many are acknowledged concurrently', async () => {
      const limits = { maxWaitingUploads: 3, maxWaitingBytes: 200 };
      const key = await t.receiving('full', { idempotencyKey: 'k' });
      await t.catalog.markReceived(receptionOf(key.id), fileOf('kk'), limits);
      const created = await Promise.all(Array.from({ length: 8 }, () => t.receiving('full')));
      const outcomes = await Promise.all(
        created.map((each) => t.catalog.markReceived(receptionOf(each.id), fileOf(each.id), limits)),
      );
      const kinds = outcomes.map(({ kind }) => kind);
      assert.deepEqual(kinds.toSorted(), [...Array(6).fill('queue_full'), ...Array(2).fill('received')]);
      assert.equal((await t.catalog.queueUsage(customerId('full'))).uploads, 3);
      const refused = created[kinds.indexOf('queue_full')];
      assert.equal(refused && (await t.statusOf(refused.id)), 'receiving');
      const again = await t.receiving('full', { idempotencyKey: 'k' });
      const repeated = await t.catalog.markReceived(receptionOf(again.id), fileOf('kk'), limits);
      assert.equal(repeated.kind, 'key_used', 'a used key is reported even if the queue is full');
      const other = await t.receiving('other');
      assert.equal((await t.catalog.markReceived(receptionOf(other.id), fileOf('a'), limits)).kind, 'received');
    });

    it('bound the bytes of a customer and of all, and allow a file of any size in an empty queue', async () => {
      const limits = { maxWaitingUploads: 100, maxWaitingBytes: 100 };
      const acknowledge = async (customer: string, bytes: number): Promise<QueueLimit | string> => {
        const { id } = await t.receiving(customer);
        const outcome = await t.catalog.markReceived(receptionOf(id), fileOf(id, bytes), limits);
        return outcome.kind === 'queue_full' ? outcome.limit : outcome.kind;
      };
      assert.equal(await acknowledge('heavy', 1000), 'received');
      assert.equal(await acknowledge('light', 1), 'bytes_in_all');
      const { items } = await t.catalog.listUploads(customerId('heavy'), { after: null, limit: 1 });
      for (const { id } of items) assert.equal(await t.catalog.cancelUpload(id), true);
      const crowd = await Promise.all(Array.from({ length: 5 }, () => acknowledge('heavy', 20)));
      assert.deepEqual(crowd.toSorted(), ['bytes', 'bytes', 'bytes', 'received', 'received']);
      assert.deepEqual(await t.catalog.queueUsage(customerId('heavy')), { uploads: 2, bytes: 40, bytesInAll: 40 });
      const others = await Promise.all(['b', 'c', 'd', 'e'].map((customer) => acknowledge(customer, 20)));
      assert.deepEqual(others.toSorted(), ['bytes_in_all', 'received', 'received', 'received']);
      assert.deepEqual(await t.catalog.queueUsage(null), { uploads: 0, bytes: 0, bytesInAll: 100 });
    });

    it('do not let the uploads of one customer delay those of another: customers are served in turn', async () => {
      for (const customer of ['many', 'many', 'many', 'few', 'few']) {
        t.clock += 1;
        await t.received(customer);
      }
      assert.equal((await t.catalog.queueUsage(customerId('many'))).uploads, 3);
      const served: string[] = [];
      for (;;) {
        t.clock += 1;
        const claim = await t.catalog.claimNext(A);
        if (!claim) break;
        served.push(claim.customer.id);
        await t.catalog.endAttempt({ ...leaseOf(claim), outcome: { kind: 'cancelled' } });
      }
      assert.deepEqual(served, ['many', 'few', 'many', 'few', 'many']);
      assert.equal((await t.catalog.queueUsage(customerId('many'))).uploads, 0);
    });
  });
}
