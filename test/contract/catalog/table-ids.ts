import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Claim } from '../../../src/catalog/upload-queue.ts';
import type { TableId } from '../../../src/model/ids.ts';
import { begunDeletion, customerId, tableOf } from '../../builders.ts';
import { type CatalogUnderTest, FAILED, leaseOf } from './catalog-under-test.ts';

export function tableIdsContract(t: CatalogUnderTest): void {
  describe('the ID of a table', () => {
    const restarted = async (claim: Claim): Promise<Claim> => {
      const target = await t.catalog.retag(leaseOf(claim));
      assert.ok(target !== 'lost');
      return { ...claim, ...target };
    };
    const dead = async () =>
      (await t.catalog.deadTags()).map(({ tag, tableId, isTableInUse }) => [tag, tableId, isTableInUse]);
    const tableId = async () => (await t.tableOf('a'))?.tableId;

    it('is new for every attempt that creates the table, and the one that is committed stays', async () => {
      await t.received('a');
      const first = await t.claimed();
      assert.match(first.tableId, /^[0-9a-f]{12}$/);
      const second = await restarted(first);
      assert.notEqual(second.tableId, first.tableId);
      await t.catalog.endAttempt({ ...leaseOf(second), outcome: FAILED });
      await t.received('a');
      const third = await t.claimed();
      assert.equal(new Set([first, second, third].map((claim) => claim.tableId)).size, 3);
      await t.commit(third);
      assert.equal(await tableId(), third.tableId);
      await t.received('a');
      const later = await restarted(await t.claimed());
      assert.equal(later.tableId, third.tableId);
      await t.commit(later);
      assert.equal(await tableId(), third.tableId);
      assert.deepEqual(await dead(), [
        [1, first.tableId, false],
        [2, second.tableId, false],
        [4, third.tableId, true],
      ]);
    });

    it('does not become that of a customer by a dry run', async () => {
      await t.received('a');
      const claim = await t.claimed();
      await t.commit(claim, { dryRun: true });
      assert.deepEqual([await tableId(), await dead()], [undefined, [[1, claim.tableId, false]]]);
    });

    it('ends with the undo of the last upload', async () => {
      const first = await t.appended('a');
      const second = await t.appended('a');
      const before = await tableId();
      await t.catalog.undoUpload(first.id);
      assert.deepEqual([await tableId(), await dead()], [before, [[1, before, true]]]);
      await t.catalog.undoUpload(second.id);
      assert.equal(await tableId(), undefined);
      assert.deepEqual(await dead(), [
        [1, before, false],
        [2, before, false],
      ]);
      await t.appended('a');
      assert.notEqual(await tableId(), before);
    });

    it('stays that of an attempt that was loading into the table when its last upload was undone', async () => {
      const first = await t.appended('a');
      const before = await tableId();
      await t.received('a');
      const claim = await t.claimed();
      await t.catalog.undoUpload(first.id);
      assert.deepEqual([await tableId(), await dead()], [undefined, []]);
      await t.commit(claim);
      assert.deepEqual([await tableId(), await dead()], [before, [[1, before, true]]]);
      const read = await t.catalog.tableForReading(customerId('a'));
      assert.deepEqual(read?.uncommittedTags, [1]);
    });

    it('is known after the end of such an attempt, so that the table is dropped', async () => {
      const first = await t.appended('a');
      const before = await tableId();
      await t.received('a');
      const claim = await t.claimed();
      await t.catalog.undoUpload(first.id);
      for (const { tag, ...table } of await t.catalog.deadTags()) await t.catalog.forgetTags(table, [tag]);
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: FAILED });
      await t.catalog.forgetTags(tableOf('a', claim.tableId), [claim.tag]);
      assert.deepEqual(await dead(), [[1, before, false]]);
    });

    it('distinguishes the tags of a customer from those of a later one with the same ID', async () => {
      const first = await t.appended('a');
      await t.catalog.undoUpload(first.id);
      const [old] = await t.catalog.deadTags();
      assert.ok(old);
      await t.catalog.endDeletion(await begunDeletion(t.catalog, customerId('a')));
      const second = await t.appended('a');
      await t.appended('a');
      await t.catalog.undoUpload(second.id);
      // Of a process that was suspended in its housekeeping.
      await t.catalog.forgetTags(old, [old.tag]);
      assert.deepEqual((await t.catalog.tableForReading(customerId('a')))?.uncommittedTags, [old.tag]);
    });

    it('is known as long as the table is that of a customer, or has rows of an attempt', async () => {
      await t.received('a');
      const claim = await t.claimed();
      const table = { customerId: customerId('a'), tableId: claim.tableId };
      const others = [
        { customerId: customerId('a'), tableId: '000000000001' as TableId },
        { customerId: customerId('b'), tableId: claim.tableId },
      ];
      const unknown = () => t.catalog.unknownTables([table, ...others]);
      assert.deepEqual(await unknown(), others, 'while it is loaded');
      await t.commit(claim);
      assert.deepEqual(await unknown(), others, 'after the commit');
      await t.catalog.undoUpload(claim.upload.id);
      assert.deepEqual(await unknown(), others, 'after the undo');
      await t.catalog.forgetTags(table, [claim.tag]);
      assert.deepEqual(await unknown(), [table, ...others]);
      assert.deepEqual(await t.catalog.unknownTables([]), []);
    });

    it('is another one if that attempt starts over', async () => {
      const first = await t.appended('a');
      const before = await tableId();
      await t.received('a');
      const claim = await t.claimed();
      await t.catalog.undoUpload(first.id);
      const again = await restarted(claim);
      assert.notEqual(again.tableId, before);
      await t.commit(again);
      assert.equal(await tableId(), again.tableId);
      assert.deepEqual(await dead(), [
        [1, before, false],
        [2, before, false],
      ]);
      const read = await t.catalog.tableForReading(customerId('a'));
      assert.deepEqual(read?.uncommittedTags, [], 'the tags of another table do not concern this one');
    });
  });
}
