import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Customer } from '../../../src/catalog/customer.ts';
import type { TableForReading } from '../../../src/catalog/table-state.ts';
import { customerId, receptionOf, tableOf } from '../../builders.ts';
import { A, B, type CatalogUnderTest, commitOf, FAILED, LEASE_MS, leaseOf, REQUEUED } from './catalog-under-test.ts';

export function tableStatesContract(t: CatalogUnderTest): void {
  describe('the state of a table', () => {
    it('is read together with the tags whose rows belong to it', async () => {
      assert.equal(await t.catalog.tableForReading(customerId('a')), null, 'no such customer');
      await t.receiving('other');
      await t.received('a');
      const first = await t.claimed();
      assert.equal(await t.catalog.tableForReading(customerId('a')), null, 'no upload is committed');
      t.clock += 7;
      await t.commit(first);
      const changedAt = new Date(t.clock);
      const table = await t.tableOf('a');
      const { createdAt } = (await t.catalog.findCustomer(customerId('a'))) as Customer;
      const read = { table, createdAt, changedAt, generation: 0 };
      assert.deepEqual(await t.catalog.tableForReading(customerId('a')), { ...read, uncommittedTags: [], lastTag: 1 });
      const upload = await t.receiving('a');
      await t.catalog.claimReceiving({ uploadId: upload.id, ...A });
      await t.catalog.retag({ uploadId: upload.id, tag: 2, owner: 'a' });
      assert.deepEqual(await t.catalog.tableForReading(customerId('a')), {
        ...read,
        uncommittedTags: [2, 3],
        lastTag: 3,
      });
    });

    it('never changes twice in the same second, as far as its times show, since HTTP compares those', async () => {
      const seconds: number[] = [];
      const look = async () => {
        const { changedAt } = (await t.catalog.tableForReading(customerId('b'))) as TableForReading;
        seconds.push(Math.ceil(Number(changedAt) / 1000));
      };
      await t.appended('b');
      await look();
      const second = await t.appended('b');
      await look();
      t.clock += 1;
      await t.catalog.undoUpload(second.id);
      await look();
      const first = seconds[0] ?? 0;
      assert.deepEqual(seconds, [first, first + 1, first + 2]);
      t.clock += 60_000;
      await t.appended('b');
      assert.deepEqual((await t.catalog.tableForReading(customerId('b')))?.changedAt, new Date(t.clock));
      // A table that changes all the time would else have no such time that has passed for as long as it did.
      for (let change = 0; change < 70; change++) await t.appended('b');
      assert.deepEqual((await t.catalog.tableForReading(customerId('b')))?.changedAt, new Date(t.clock + 60_000));
    });

    it('lists the committed uploads in the order of their rows', async () => {
      assert.deepEqual(await t.catalog.committedRows(customerId('a')), []);
      await t.appended('a', { rows: 3 });
      const second = await t.appended('a', { rows: 5 });
      await t.appended('b', { rows: 9 });
      await t.appended('a', { rows: 7 });
      await t.received('a');
      await t.claimed();
      const listed = [
        { tag: 1, rows: 3, bytes: 15 },
        { tag: 2, rows: 5, bytes: 15 },
        { tag: 3, rows: 7, bytes: 15 },
      ];
      assert.deepEqual(await t.catalog.committedRows(customerId('a')), listed);
      await t.catalog.undoUpload(second.id);
      assert.deepEqual(await t.catalog.committedRows(customerId('a')), [listed[0], listed[2]]);
    });

    it('has a generation that changes with an undo, after which rows may be deleted', async () => {
      const first = await t.appended('b');
      const second = await t.appended('b');
      assert.equal((await t.catalog.tableForReading(customerId('b')))?.generation, 0);
      t.clock += 5_000;
      await t.catalog.undoUpload(second.id);
      const read = await t.catalog.tableForReading(customerId('b'));
      assert.deepEqual([read?.generation, read?.table.version, read?.changedAt], [1, 3, new Date(t.clock)]);
      await t.catalog.undoUpload(first.id);
      assert.equal(await t.catalog.tableForReading(customerId('b')), null);
    });
  });

  describe('tags', () => {
    it('are uncommitted until they are committed or forgotten, separately for each customer', async () => {
      await t.received('a');
      await t.received('b');
      const claims = [await t.claimed(), await t.claimed()];
      for (const claim of claims) await t.catalog.retag(leaseOf(claim));
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1, 2]);
      await t.catalog.forgetTags(tableOf('a', claims[0]?.tableId), [1]);
      await t.catalog.forgetTags(tableOf('a', claims[0]?.tableId), []);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [2]);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('b')), [1, 2]);
    });

    it('are never used again, even after they are forgotten', async () => {
      await t.received('a');
      const claim = await t.claimed();
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: REQUEUED });
      await t.catalog.forgetTags(tableOf('a', claim.tableId), [1]);
      assert.equal((await t.claimed()).tag, 2);
    });

    it('are dead if no valid lease holds them', async () => {
      await t.received('retagged');
      const claim = await t.claimed();
      await t.catalog.retag(leaseOf(claim));
      await t.received('failed');
      const failing = await t.claimed();
      await t.catalog.endAttempt({ ...leaseOf(failing), outcome: FAILED });
      const refused = await t.receiving('refused');
      await t.catalog.claimReceiving({ uploadId: refused.id, ...A });
      await t.catalog.deleteUpload(receptionOf(refused.id));
      await t.appended('complete');
      const dead = (await t.catalog.deadTags()).map((each) => [each.customerId, each.uploadId, each.tag]);
      assert.deepEqual(dead, [
        ['failed', failing.upload.id, 1],
        ['refused', refused.id, 1],
        ['retagged', claim.upload.id, 1],
      ]);
    });

    it('are dead once the lease expires, and cannot be committed after that', async () => {
      await t.received('a');
      const claim = await t.claimed();
      assert.deepEqual(await t.catalog.deadTags(), []);
      t.clock += LEASE_MS;
      assert.deepEqual(
        (await t.catalog.deadTags()).map(({ uploadId, tag }) => [uploadId, tag]),
        [[claim.upload.id, 1]],
      );
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
      assert.equal((await t.claimed(B)).upload.id, claim.upload.id);
    });
  });
}
