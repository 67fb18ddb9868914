import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TableState } from '../../../src/catalog/table-state.ts';
import type { Claim } from '../../../src/catalog/upload-queue.ts';
import { newUploadId } from '../../../src/model/ids.ts';
import { NOTHING_SETTLED } from '../../../src/model/value-format.ts';
import { customerId, receptionOf } from '../../builders.ts';
import { A, B, type CatalogUnderTest, COLUMNS, commitOf, FILE, LEASE_MS, YEAR_9999 } from './catalog-under-test.ts';

const YEAR_1 = -62_135_596_800_000_000n;

export function commitContract(t: CatalogUnderTest): void {
  describe('the commit', () => {
    it('creates the table from the first upload', async () => {
      await t.received('a');
      const claim = await t.claimed();
      t.clock += 9;
      const upload = await t.commit(claim);
      assert.deepEqual(upload, {
        ...claim.upload,
        status: 'complete',
        finishedAt: new Date(t.clock),
        receipt: { ...commitOf(claim).receipt, widened: [], tableRowsBefore: 0, tableRowsAfter: 3 },
        earliestAt: 10n,
        latestAt: 30n,
      });
      assert.deepEqual(await t.catalog.findUpload(upload.id), upload);
      assert.deepEqual(await t.tableOf('a'), {
        tableId: claim.tableId,
        columns: COLUMNS,
        timeColumn: 'at',
        rows: 3,
        version: 1,
        firstRowAt: 20n,
        earliestAt: 10n,
        latestAt: 30n,
      });
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), []);
      assert.equal(await t.tableOf('b'), undefined);
    });

    it('adds a later upload to the table, and keeps its columns and first row', async () => {
      await t.appended('a');
      const others = [{ name: 'other', type: 'text', settled: NOTHING_SETTLED }] as const;
      const upload = await t.appended('a', {
        columns: others,
        timeColumn: 'other',
        rows: 4,
        firstRowAt: 5n,
        earliestAt: 5n,
        latestAt: 25n,
      });
      assert.equal(upload.receipt?.tableRowsBefore, 3);
      assert.equal(upload.receipt?.tableRowsAfter, 7);
      const { tableId } = (await t.tableOf('a')) as TableState;
      const grown = { tableId, columns: COLUMNS, timeColumn: 'at', rows: 7, version: 2, firstRowAt: 20n };
      assert.deepEqual(await t.tableOf('a'), { ...grown, earliestAt: 5n, latestAt: 30n });
      await t.appended('a', { rows: 1, firstRowAt: 40n, earliestAt: 40n, latestAt: 40n });
      assert.deepEqual(await t.tableOf('a'), { ...grown, rows: 8, version: 3, earliestAt: 5n, latestAt: 40n });
    });

    it('takes the first time from the first upload that has one, and keeps it after uploads without times', async () => {
      const timeless = { firstRowAt: null, earliestAt: null, latestAt: null };
      const timesOf = async () => {
        const table = await t.tableOf('a');
        return [table?.firstRowAt, table?.earliestAt, table?.latestAt];
      };
      await t.appended('a', timeless);
      assert.deepEqual(await timesOf(), [null, null, null]);
      await t.appended('a');
      assert.deepEqual(await timesOf(), [20n, 10n, 30n]);
      await t.appended('a', timeless);
      assert.deepEqual(await timesOf(), [20n, 10n, 30n]);
    });

    it('keeps a table without times', async () => {
      await t.appended('a', { timeColumn: null, firstRowAt: null, earliestAt: null, latestAt: null });
      assert.equal((await t.tableOf('a'))?.timeColumn, null);
    });

    it('keeps every microsecond from year 1 to year 9999', async () => {
      await t.appended('a', { firstRowAt: YEAR_9999, earliestAt: YEAR_1, latestAt: YEAR_9999 });
      await t.appended('a', { firstRowAt: 0n, earliestAt: YEAR_1 + 1n, latestAt: YEAR_9999 - 1n });
      const table = await t.tableOf('a');
      assert.deepEqual([table?.firstRowAt, table?.earliestAt, table?.latestAt], [YEAR_9999, YEAR_1, YEAR_9999]);
    });

    it('is refused if another attempt has taken over, and changes nothing', async () => {
      await t.appended('a');
      await t.received('a');
      const old = await t.claimed();
      t.clock += LEASE_MS;
      const taken = await t.claimed(B);
      const before = await t.catalog.findCustomer(customerId('a'));
      assert.equal(await t.catalog.commitUpload(commitOf(old)), 'lost');
      assert.equal(await t.catalog.commitUpload(commitOf(taken)), 'lost', 'another owner');
      assert.equal(await t.catalog.commitUpload({ ...commitOf(old), owner: 'b' }), 'lost', 'another tag');
      assert.equal(
        await t.catalog.commitUpload({ ...commitOf(old), uploadId: newUploadId() }),
        'lost',
        'no such upload',
      );
      assert.deepEqual(await t.catalog.findCustomer(customerId('a')), before);
      assert.deepEqual(await t.catalog.findUpload(taken.upload.id), taken.upload);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [2, 3]);
    });

    it('is possible after the lease expired, unless another attempt has taken over', async () => {
      await t.received('a');
      const claim = await t.claimed();
      t.clock += 10 * LEASE_MS;
      assert.equal((await t.commit(claim)).status, 'complete');
    });

    it('is possible for an upload that was claimed early and acknowledged after its lease expired', async () => {
      const { id: uploadId } = await t.receiving('a');
      const claim = await t.catalog.claimReceiving({ uploadId, ...A });
      t.clock += LEASE_MS;
      await t.catalog.markReceived(receptionOf(uploadId), FILE);
      assert.equal((await t.commit(claim as Claim)).status, 'complete');
    });

    it('is refused until the upload is received', async () => {
      const { id: uploadId } = await t.receiving('a');
      const claim = (await t.catalog.claimReceiving({ uploadId, ...A })) as Claim;
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
      assert.equal(await t.tableOf('a'), null);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
      await t.catalog.markReceived(receptionOf(uploadId), FILE);
      assert.equal((await t.commit(claim)).status, 'complete');
    });

    it('counts once if it is requested twice concurrently', async () => {
      const other = await t.connect();
      await t.received('a');
      const request = commitOf(await t.claimed());
      const results = await Promise.all([t.catalog, other].map((each) => each.commitUpload(request)));
      assert.equal(results.filter((result) => result === 'lost').length, 1);
      assert.equal((await t.tableOf('a'))?.rows, 3);
      assert.equal((await t.tableOf('a'))?.version, 1);
    });
  });
}
