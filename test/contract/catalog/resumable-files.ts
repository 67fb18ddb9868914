import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResumableFile } from '../../../src/catalog/resumable-file.ts';
import { newUploadId } from '../../../src/model/ids.ts';
import { customerId } from '../../builders.ts';
import type { CatalogUnderTest } from './catalog-under-test.ts';

export function fileOf(customer: string, length = 100): ResumableFile {
  return {
    id: newUploadId(),
    customerId: customerId(customer),
    customerMayAppear: true,
    keyId: null,
    rights: ['read', 'upload'],
    length,
    filename: 'f.csv',
    options: { delimiter: ';' },
    corrects: null,
    metadata: { filename: 'f.csv', empty: null },
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}

export function resumableFilesContract(t: CatalogUnderTest): void {
  describe('a resumable file', () => {
    it('is found by every process, with its idle time by the clock of the catalog', async () => {
      const file = fileOf('a');
      await t.catalog.createResumable(file, 10);
      t.clock += 500;
      const other = await t.connect();
      const changedAt = new Date(t.clock - 500);
      assert.deepEqual(await other.findResumable(file.id), { ...file, received: 0, changedAt, idleMs: 500 });
      assert.deepEqual(await other.resumablesOf(customerId('a')), [file.id]);
      assert.deepEqual(await other.resumablesOf(customerId('b')), []);
      assert.equal(await other.findResumable(newUploadId()), null);
      assert.equal(await t.catalog.findCustomer(customerId('a')), null, 'no customer appeared');
    });

    it('is among the uploads that others wait for, with how much of it has arrived', async () => {
      const file = fileOf('a');
      await t.catalog.createResumable(file, 10);
      await t.catalog.createResumable(fileOf('b'), 10);
      const look = async (uploadIds = [file.id], customerIds = [file.customerId]) =>
        (await t.catalog.watchedUploads({ uploadIds, customerIds, endedSince: new Date(t.clock) })).uploads;
      const [first, ...others] = await look();
      assert.deepEqual([first?.id, first?.customerId, first?.hasEnded, others], [file.id, file.customerId, false, []]);
      assert.equal((await look([file.id], [])).length, 1);
      assert.deepEqual(await look([], []), []);
      await t.catalog.appendChunks(file.id, 0, [{ name: 'c', bytes: 40 }]);
      const [second] = await look();
      assert.notEqual(second?.state, first?.state);
      await t.catalog.saveProgress([{ uploadId: file.id, bytesReceived: 60, rowsRead: 0 }]);
      assert.notEqual((await look())[0]?.state, second?.state);
      await t.catalog.forgetSharedUploads();
      assert.equal((await t.catalog.savedProgress([file.id])).length, 1);
    });

    it('is refused if its customer has too many', async () => {
      for (let count = 0; count < 2; count++) await t.catalog.createResumable(fileOf('a'), 2);
      await assert.rejects(t.catalog.createResumable(fileOf('a'), 2), { code: 'too_many_uploads' });
      await t.catalog.createResumable(fileOf('b'), 2);
    });

    it('grows by chunks at its end only', async () => {
      const { id } = fileOf('a');
      await t.catalog.createResumable({ ...fileOf('a'), id }, 10);
      t.clock += 9;
      const [one, two] = [
        { name: 'one', bytes: 10 },
        { name: 'two', bytes: 20 },
      ];
      assert.equal(await t.catalog.appendChunks(id, 0, [one, two]), true);
      const late = { name: 'late', bytes: 5 };
      for (const offset of [0, 10, 31]) assert.equal(await t.catalog.appendChunks(id, offset, [late]), false);
      assert.equal(await t.catalog.appendChunks(id, 30, [{ name: 'three', bytes: 70 }]), true);
      assert.deepEqual(await t.catalog.chunksOf(id), [one, two, { name: 'three', bytes: 70 }]);
      const found = await t.catalog.findResumable(id);
      assert.deepEqual([found?.received, found?.idleMs], [100, 0]);
    });

    it('takes the chunk of one of two processes that append at the same offset', async () => {
      const file = fileOf('a');
      await t.catalog.createResumable(file, 10);
      const processes = [t.catalog, await t.connect()];
      const appended = await Promise.all(
        processes.map((each, index) => each.appendChunks(file.id, 0, [{ name: `${index}`, bytes: 10 + index }])),
      );
      assert.deepEqual(appended.toSorted(), [false, true]);
      const winner = appended.indexOf(true);
      assert.deepEqual(await t.catalog.chunksOf(file.id), [{ name: `${winner}`, bytes: 10 + winner }]);
    });

    it('is listed when it is whole, or has received nothing for long', async () => {
      const [whole, idle, active] = [fileOf('a'), fileOf('a'), fileOf('b')];
      for (const file of [whole, idle, active]) await t.catalog.createResumable(file, 10);
      await t.catalog.appendChunks(whole.id, 0, [{ name: 'x', bytes: 100 }]);
      t.clock += 1000;
      await t.catalog.appendChunks(active.id, 0, [{ name: 'x', bytes: 99 }]);
      assert.deepEqual(await t.catalog.resumables('whole'), [whole.id]);
      const idlers = await t.catalog.resumables({ idleForMs: 1000 });
      assert.deepEqual(new Set(idlers), new Set([whole.id, idle.id]));
      assert.deepEqual(await t.catalog.resumables({ idleForMs: 1001 }), []);
    });

    it('is made an upload by one process at a time, and by another if that died', async () => {
      const { id } = fileOf('a');
      await t.catalog.createResumable({ ...fileOf('a'), id }, 10);
      const other = await t.connect();
      const claim = (owner: string) => ({ id, owner, leaseMs: 1000 });
      assert.equal(await t.catalog.claimResumable(claim('a')), true);
      assert.equal(await other.claimResumable(claim('b')), false);
      t.clock += 900;
      assert.equal(await t.catalog.claimResumable(claim('a')), true, 'renewed');
      t.clock += 900;
      assert.equal(await other.claimResumable(claim('b')), false);
      t.clock += 100;
      assert.equal(await other.claimResumable(claim('b')), true);
      assert.equal(await t.catalog.claimResumable(claim('a')), false);
      await t.catalog.releaseResumable(id, 'a');
      assert.equal(await t.catalog.claimResumable(claim('a')), false, 'only the owner releases it');
      await other.releaseResumable(id, 'b');
      assert.equal(await t.catalog.claimResumable(claim('a')), true);
      assert.equal(await t.catalog.claimResumable({ ...claim('a'), id: newUploadId() }), false);
    });

    it('is removed with its chunks, once', async () => {
      const { id } = fileOf('a');
      await t.catalog.createResumable({ ...fileOf('a'), id }, 10);
      await t.catalog.appendChunks(id, 0, [{ name: 'x', bytes: 1 }]);
      assert.equal(await t.catalog.removeResumable(id), true);
      assert.equal(await t.catalog.removeResumable(id), false);
      assert.deepEqual(await t.catalog.chunksOf(id), []);
      assert.equal(await t.catalog.appendChunks(id, 1, [{ name: 'y', bytes: 1 }]), false);
    });
  });
}
