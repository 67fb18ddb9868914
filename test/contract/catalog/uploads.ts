import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Upload } from '../../../src/catalog/upload.ts';
import { newUploadId, type UploadId } from '../../../src/model/ids.ts';
import { customerId, receptionOf } from '../../builders.ts';
import { A, type CatalogUnderTest, FILE, LEASE_MS, OPTIONS } from './catalog-under-test.ts';

export function uploadsContract(t: CatalogUnderTest): void {
  describe('uploads', () => {
    it('registers an upload, and a new customer with it', async () => {
      const upload = await t.receiving('acme');
      assert.deepEqual(upload, {
        id: upload.id,
        customerId: 'acme',
        status: 'receiving',
        filename: 'f.csv',
        options: OPTIONS,
        keyId: null,
        idempotencyKey: null,
        retryOf: null,
        corrects: null,
        correctedBy: null,
        duplicateOf: null,
        file: null,
        receipt: null,
        error: null,
        attempts: 0,
        engineDeaths: 0,
        createdAt: new Date(t.clock),
        receivedAt: null,
        finishedAt: null,
        retryUntil: null,
        earliestAt: null,
        latestAt: null,
      });
      assert.deepEqual(await t.catalog.findUpload(upload.id), upload);
      assert.equal((await t.catalog.findCustomer(customerId('acme')))?.table, null);
    });

    it('remembers the key that an upload was sent with', async () => {
      await t.receiving('acme');
      await t.addKey('acme', 'key_1');
      const upload = await t.receiving('acme', { keyId: 'key_1' });
      assert.equal(upload.keyId, 'key_1');
      assert.equal((await t.acknowledged(upload.id)).keyId, 'key_1');
    });

    it('acknowledges no upload with a key that was revoked or deleted during the upload', async () => {
      const id = customerId('acme');
      await t.catalog.createCustomer({ id, timeColumn: null, columns: null });
      await t.addKey('acme', 'key_1');
      const [upload, before] = [
        await t.receiving('acme', { keyId: 'key_1' }),
        await t.receiving('acme', { keyId: 'key_1' }),
      ];
      await t.acknowledged(before.id);
      await t.catalog.revokeKey(id, 'key_1');
      await assert.rejects(t.acknowledged(upload.id), { code: 'key_invalid' });
      assert.equal(await t.statusOf(upload.id), 'receiving');
      assert.equal((await t.acknowledged(before.id)).status, 'received', 'acknowledged before');
    });

    it('does not change an existing customer when an upload starts', async () => {
      await t.catalog.createCustomer({ id: customerId('acme'), timeColumn: 'at', columns: null });
      await t.receiving('acme');
      assert.equal((await t.catalog.findCustomer(customerId('acme')))?.declaredTimeColumn, 'at');
    });

    it('keeps the description of a received file', async () => {
      const { id: uploadId } = await t.receiving('acme');
      t.clock += 7;
      const upload = await t.acknowledged(uploadId);
      assert.equal(upload.status, 'received');
      assert.deepEqual(upload.file, FILE);
      assert.deepEqual(upload.receivedAt, new Date(t.clock));
      assert.deepEqual(await t.catalog.findUpload(uploadId), upload);
    });

    it('acknowledges an upload once: a second acknowledgement changes nothing', async () => {
      const upload = await t.received('acme');
      t.clock += 5;
      assert.deepEqual(await t.acknowledged(upload.id, { ...FILE, records: 99 }), upload);
      await assert.rejects(t.catalog.markReceived(receptionOf(newUploadId()), FILE), { code: 'upload_not_found' });
    });

    it('is ingesting if it is acknowledged while it is claimed', async () => {
      const { id: uploadId } = await t.receiving('acme');
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...A }));
      assert.equal((await t.acknowledged(uploadId)).status, 'ingesting');
    });

    it('is received if it is acknowledged after its lease expired', async () => {
      const { id: uploadId } = await t.receiving('acme');
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...A }));
      t.clock += LEASE_MS;
      assert.equal((await t.acknowledged(uploadId)).status, 'received');
    });

    it('removes a refused upload, and the customer that appeared with it', async () => {
      const { id: uploadId } = await t.receiving('acme');
      await t.catalog.deleteUpload(receptionOf(uploadId));
      assert.equal(await t.catalog.findUpload(uploadId), null);
      assert.equal(await t.catalog.findCustomer(customerId('acme')), null);
      await t.catalog.deleteUpload(receptionOf(uploadId));
    });

    it('removes the customer with the last of several refused first uploads', async () => {
      const first = await t.receiving('acme');
      const second = await t.receiving('acme');
      await t.catalog.deleteUpload(receptionOf(first.id));
      assert.ok(await t.catalog.findCustomer(customerId('acme')));
      await t.catalog.deleteUpload(receptionOf(second.id));
      assert.equal(await t.catalog.findCustomer(customerId('acme')), null);
    });

    it('keeps a customer that has anything else when a refused upload is removed', async () => {
      await t.catalog.createCustomer({ id: customerId('created'), timeColumn: null, columns: null });
      const refused = [await t.receiving('created'), await t.receiving('keyed'), await t.receiving('tagged')];
      await t.addKey('keyed', 'k1');
      await t.catalog.claimReceiving({ uploadId: (refused[2] as Upload).id, ...A });
      await t.appended('tabled');
      refused.push(await t.receiving('tabled'));
      for (const upload of refused) await t.catalog.deleteUpload(receptionOf(upload.id));
      const { items } = await t.catalog.listCustomers({ after: null, limit: 9 });
      assert.deepEqual(
        items.map((customer) => customer.id),
        ['created', 'keyed', 'tabled', 'tagged'],
      );
    });

    it('never removes an acknowledged upload', async () => {
      const upload = await t.received('acme');
      await t.catalog.deleteUpload(receptionOf(upload.id));
      assert.deepEqual(await t.catalog.findUpload(upload.id), upload);
    });

    it('lists the uploads of a customer newest first, page by page, in order even within a millisecond', async () => {
      const made: UploadId[] = [];
      for (let at = 0; at < 5; at++) made.unshift((await t.receiving('acme')).id);
      await t.receiving('other');
      const listed: UploadId[][] = [];
      let after: string | null = null;
      do {
        const page = await t.catalog.listUploads(customerId('acme'), { after, limit: 2 });
        listed.push(page.items.map((upload) => upload.id));
        after = page.nextCursor;
      } while (after !== null);
      assert.deepEqual(listed, [made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
    });

    it('refuses an invalid cursor', async () => {
      for (const customer of ['a', 'b']) for (let at = 0; at < 2; at++) await t.receiving(customer);
      const customers = (await t.catalog.listCustomers({ after: null, limit: 1 })).nextCursor as string;
      const uploads = (await t.catalog.listUploads(customerId('a'), { after: null, limit: 1 })).nextCursor as string;
      const forged = (text: string): string => Buffer.from(text).toString('base64url');
      for (const after of [
        '',
        '!',
        'a',
        `${customers}=`,
        ` ${customers}`,
        uploads,
        forged('customers:A b'),
        forged('customers-a'),
      ]) {
        await assert.rejects(
          t.catalog.listCustomers({ after, limit: 1 }),
          { code: 'bad_request' },
          `customers after '${after}'`,
        );
      }
      for (const after of ['', '!', `${uploads}!`, customers, forged('uploads:'), forged('uploads:1e3')]) {
        await assert.rejects(
          t.catalog.listUploads(customerId('a'), { after, limit: 1 }),
          { code: 'bad_request' },
          `uploads after '${after}'`,
        );
      }
    });

    it('finds the uploads of all customers by status, oldest first', async () => {
      await t.appended('c');
      const first = await t.received('b');
      t.clock += 1;
      const second = await t.receiving('a');
      const third = await t.receiving('a');
      const found = await t.catalog.uploadsInStatus(['receiving', 'received']);
      assert.deepEqual(
        found.map((upload) => upload.id),
        [first.id, second.id, third.id],
      );
      assert.deepEqual(await t.catalog.unfinishedUploads(customerId('a')), [second.id, third.id]);
      assert.deepEqual(await t.catalog.unfinishedUploads(customerId('c')), []);
    });
  });
}
