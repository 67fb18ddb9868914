import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Customer } from '../../../src/catalog/customer.ts';
import { NO_DEFAULTS } from '../../../src/catalog/upload-options.ts';
import { NO_OPTIONS } from '../../../src/csv/values/value-options.ts';
import type { Problem } from '../../../src/errors.ts';
import type { UploadId } from '../../../src/model/ids.ts';
import { customerId, receptionOf } from '../../builders.ts';
import { type CatalogUnderTest, commitOf, FAILED, FILE, leaseOf } from './catalog-under-test.ts';

export function customersContract(t: CatalogUnderTest): void {
  describe('customers', () => {
    it('keeps the declarations of a created customer', async () => {
      const columns = [{ name: 'naïve "at"', type: 'date', format: '%d.%m.%Y' }] as const;
      const expected: Customer = {
        id: customerId('acme'),
        createdAt: new Date(t.clock),
        isProvisional: false,
        declaredTimeColumn: 'at',
        declaredColumns: columns,
        defaults: {
          delimiter: ';',
          values: { ...NO_OPTIONS, decimal: ',', nulls: ['-', 'n/a'], timeZone: 'Europe/Berlin' },
        },
        table: null,
      };
      const { id, defaults } = expected;
      assert.deepEqual(await t.catalog.createCustomer({ id, timeColumn: 'at', columns, defaults }), expected);
      assert.deepEqual(await t.catalog.findCustomer(customerId('acme')), expected);
      assert.equal(await t.catalog.findCustomer(customerId('other')), null);
    });

    it('knows a customer that has appeared, until it has a table', async () => {
      const isProvisional = async () => (await t.catalog.findCustomer(customerId('acme')))?.isProvisional;
      await t.received('acme');
      assert.equal(await isProvisional(), true);
      const claim = await t.claimed();
      await t.catalog.commitUpload(commitOf(claim));
      assert.equal(await isProvisional(), false);
      await t.catalog.undoUpload(claim.upload.id);
      assert.equal(await isProvisional(), false);
    });

    it('reports an existing customer, and does not change it', async () => {
      await t.catalog.createCustomer({ id: customerId('acme'), timeColumn: 'at', columns: null });
      assert.equal(
        await t.catalog.createCustomer({ id: customerId('acme'), timeColumn: 'b', columns: null }),
        'exists',
      );
      assert.equal((await t.catalog.findCustomer(customerId('acme')))?.declaredTimeColumn, 'at');
      assert.deepEqual((await t.catalog.findCustomer(customerId('acme')))?.defaults, NO_DEFAULTS);
    });

    it('lists customers by id, page by page', async () => {
      for (const text of ['c', 'a', 'e', 'b', 'd']) {
        await t.catalog.createCustomer({ id: customerId(text), timeColumn: null, columns: null });
      }
      const pages: string[][] = [];
      let after: string | null = null;
      do {
        const page = await t.catalog.listCustomers({ after, limit: 2 });
        pages.push(page.items.map((customer) => customer.id));
        after = page.nextCursor;
      } while (after !== null);
      assert.deepEqual(pages, [['a', 'b'], ['c', 'd'], ['e']]);
    });

    it('has no next page after a full last page', async () => {
      await t.catalog.createCustomer({ id: customerId('a'), timeColumn: null, columns: null });
      assert.equal((await t.catalog.listCustomers({ after: null, limit: 1 })).nextCursor, null);
    });

    it('deletes a customer with its keys, uploads and tags, and no other customer', async () => {
      for (const customer of ['acme', 'other']) {
        await t.received(customer);
        await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome: FAILED });
        await t.addKey(customer, `key of ${customer}`);
      }
      const [gone] = (await t.catalog.listUploads(customerId('acme'), { after: null, limit: 9 })).items;
      assert.ok(gone);
      assert.equal(await t.catalog.findDeletion(customerId('acme')), null, 'it has not started');
      const deletion = await t.deleting('acme');
      assert.equal(await t.catalog.endDeletion(deletion), true);
      assert.equal(await t.catalog.endDeletion(deletion), false);
      assert.equal(await t.catalog.findCustomer(customerId('acme')), null);
      assert.equal(await t.catalog.findUpload(gone.id), null);
      assert.equal(await t.catalog.findKeyByHash('hash of key of acme'), null);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('acme')), []);
      assert.ok(await t.catalog.findKeyByHash('hash of key of other'));
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('other')), [1]);
      assert.equal((await t.catalog.listUploads(customerId('other'), { after: null, limit: 9 })).items.length, 1);
    });
  });

  describe('the deletion of a customer', () => {
    it('is refused while an upload is unfinished, and changes nothing', async () => {
      await t.appended('acme');
      const waiting = [await t.receiving('acme'), await t.receiving('acme')];
      const uploads = waiting.map((upload) => upload.id);
      assert.deepEqual(await t.catalog.beginDeletion(customerId('acme')), { kind: 'busy', uploads });
      assert.equal((await t.catalog.findCustomer(customerId('acme')))?.table?.rows, 3);
      assert.deepEqual(await t.catalog.customersInDeletion(), []);
      assert.equal((await t.catalog.markReceived(receptionOf(waiting[0]?.id as UploadId), FILE)).kind, 'received');
    });

    it('removes the table and refuses uploads as soon as it starts, and can be repeated', async () => {
      await t.appended('acme');
      await t.receiving('other');
      const tableId = (await t.tableOf('acme'))?.tableId;
      assert.ok(tableId);
      const deletion = await t.deleting('acme');
      assert.deepEqual(deletion.tableIds, [tableId]);
      assert.deepEqual(await t.deleting('acme'), deletion);
      assert.deepEqual(await t.catalog.findDeletion(customerId('acme')), deletion);
      assert.deepEqual(await t.catalog.customersInDeletion(), ['acme']);
      assert.equal((await t.catalog.findCustomer(customerId('acme')))?.table, null);
      await assert.rejects(t.receiving('acme'), { code: 'customer_busy' });
      await t.receiving('other');
      await t.catalog.endDeletion(deletion);
      assert.deepEqual(await t.catalog.customersInDeletion(), []);
      assert.deepEqual(await t.catalog.beginDeletion(customerId('acme')), { kind: 'not_found' });
      await t.receiving('acme');
      assert.equal(await t.catalog.findDeletion(customerId('acme')), null, 'it has ended');
      await t.receiving('acme');
    });

    it('does not end a later deletion, of a customer with the same ID', async () => {
      await t.appended('acme');
      const earlier = await t.deleting('acme');
      await t.catalog.endDeletion(earlier);
      t.clock++;
      await t.appended('acme');
      const later = await t.deleting('acme');
      assert.equal(await t.catalog.endDeletion(earlier), false);
      assert.deepEqual(await t.catalog.findDeletion(customerId('acme')), later, 'its table would be unknown');
      assert.equal(await t.catalog.endDeletion(later), true);
    });

    it('removes also the tables that were never committed, or whose last upload was undone', async () => {
      const { id } = await t.appended('acme');
      const undone = (await t.tableOf('acme'))?.tableId;
      await t.catalog.undoUpload(id);
      await t.received('acme');
      const failed = await t.claimed();
      await t.catalog.endAttempt({ ...leaseOf(failed), outcome: FAILED });
      assert.deepEqual((await t.deleting('acme')).tableIds, [undone, failed.tableId]);
    });

    it('is refused, or refuses an upload that starts at the same moment', async () => {
      for (let round = 0; round < 20; round++) {
        const customer = `both-${round}`;
        await t.catalog.createCustomer({ id: customerId(customer), timeColumn: null, columns: null });
        const [upload, deletion] = await Promise.all([
          t.receiving(customer).catch((error: Problem) => error.code),
          t.catalog.beginDeletion(customerId(customer)),
        ]);
        assert.equal(typeof upload === 'string', deletion.kind === 'begun', 'both, or neither');
      }
    });

    it('is not reverted by an upload whose customer may not appear', async () => {
      await assert.rejects(t.receiving('gone', { customerMayAppear: false }), { code: 'customer_not_found' });
      assert.equal(await t.catalog.findCustomer(customerId('gone')), null);
    });
  });
}
