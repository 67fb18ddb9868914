import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { customerId } from '../../builders.ts';
import type { CatalogUnderTest } from './catalog-under-test.ts';

export function apiKeysContract(t: CatalogUnderTest): void {
  describe('API keys', () => {
    beforeEach(() => t.catalog.createCustomer({ id: customerId('acme'), timeColumn: null, columns: null }));

    it('finds a key by its hash, until it is revoked', async () => {
      const key = await t.addKey('acme', 'k1');
      const { hash: _, ...shown } = { ...key, hash: '' };
      assert.deepEqual(shown, {
        id: 'k1',
        customerId: 'acme',
        label: 'laptop',
        rights: ['read', 'upload'],
        createdAt: new Date(t.clock),
        revokedAt: null,
      });
      assert.deepEqual(await t.catalog.findKeyByHash('hash of k1'), key);
      assert.equal(await t.catalog.findKeyByHash('hash of k2'), null);
      t.clock += 5;
      assert.equal(await t.catalog.revokeKey(customerId('acme'), 'k1'), true);
      assert.equal(await t.catalog.findKeyByHash('hash of k1'), null);
      assert.deepEqual(await t.catalog.listKeys(customerId('acme')), [{ ...key, revokedAt: new Date(t.clock) }]);
    });

    it('creates a customer with its first key, or neither', async () => {
      const created = { id: customerId('new'), timeColumn: 'at', columns: null };
      const key = { id: 'k1', hash: 'hash of k1', label: null, rights: ['read'] } as const;
      const broken = { ...key, hash: null as unknown as string };
      await assert.rejects(t.catalog.createCustomerWithKey(created, broken));
      assert.equal(await t.catalog.findCustomer(created.id), null);
      const both = await t.catalog.createCustomerWithKey(created, key);
      assert.deepEqual(both, {
        customer: await t.catalog.findCustomer(created.id),
        apiKey: await t.catalog.findKeyByHash('hash of k1'),
      });
      assert.equal(await t.catalog.createCustomerWithKey(created, { ...key, id: 'k2', hash: 'hash of k2' }), 'exists');
      assert.deepEqual(
        (await t.catalog.listKeys(created.id)).map(({ id }) => id),
        ['k1'],
      );
    });

    it('revokes a key once, and only for its own customer', async () => {
      await t.addKey('acme', 'k1');
      assert.equal(await t.catalog.revokeKey(customerId('other'), 'k1'), false);
      assert.ok(await t.catalog.findKeyByHash('hash of k1'));
      assert.equal(await t.catalog.revokeKey(customerId('acme'), 'k1'), true);
      assert.equal(await t.catalog.revokeKey(customerId('acme'), 'k1'), false);
    });

    it('lists only the keys of the customer, oldest first', async () => {
      await t.catalog.createCustomer({ id: customerId('other'), timeColumn: null, columns: null });
      await t.addKey('acme', 'z');
      t.clock += 1;
      await t.addKey('acme', 'a');
      await t.addKey('other', 'o');
      assert.deepEqual(
        (await t.catalog.listKeys(customerId('acme'))).map((key) => key.id),
        ['z', 'a'],
      );
    });

    it('refuses a key for a customer that does not exist', async () => {
      await assert.rejects(t.addKey('gone', 'k1'), { code: 'customer_not_found' });
    });
  });
}
