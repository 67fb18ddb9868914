import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { customerId } from '../../builders.ts';
import type { CatalogUnderTest } from './catalog-under-test.ts';

export function sessionsContract(t: CatalogUnderTest): void {
  describe('sessions', () => {
    beforeEach(async () => {
      await t.catalog.createCustomer({ id: customerId('acme'), timeColumn: null, columns: null });
    });

    const add = (hash: string, keyId: string | null, maxPerKey = 10) =>
      t.catalog.addSession({ hash, keyId, adminProof: keyId === null ? 'proof' : null, lifetimeMs: 1000 }, maxPerKey);
    const isOpen = async (hash: string) => (await t.catalog.findSession(hash)) !== null;

    it('finds a session with its key, until it expires or ends', async () => {
      const key = await t.addKey('acme', 'k1');
      await add('s1', 'k1');
      await add('s2', null);
      const expiresAt = new Date(t.clock + 1000);
      assert.deepEqual(await t.catalog.findSession('s1'), { key, adminProof: null, expiresAt });
      assert.deepEqual(await t.catalog.findSession('s2'), { key: null, adminProof: 'proof', expiresAt });
      assert.equal(await t.catalog.findSession('s3'), null);
      await t.catalog.endSession('s2');
      await t.catalog.endSession('s2');
      t.clock += 999;
      assert.deepEqual([await isOpen('s1'), await isOpen('s2')], [true, false]);
      t.clock += 1;
      assert.equal(await isOpen('s1'), false);
    });

    it('ends sessions with their key and their customer', async () => {
      await t.addKey('acme', 'k1');
      await t.addKey('acme', 'k2');
      await add('s1', 'k1');
      await add('s2', 'k2');
      await t.catalog.revokeKey(customerId('acme'), 'k1');
      assert.deepEqual([await isOpen('s1'), await isOpen('s2')], [false, true]);
      await t.catalog.endDeletion(await t.deleting('acme'));
      assert.equal(await isOpen('s2'), false);
    });

    it('keeps a number of sessions per key, and ends the oldest ones', async () => {
      await t.addKey('acme', 'k1');
      for (const hash of ['s1', 's2', 's3']) {
        await add(hash, 'k1', 2);
        await add(`admin ${hash}`, null, 2);
        t.clock += 1;
      }
      await add('last', 'k1', 2);
      const open = await Promise.all(['s1', 's2', 's3', 'last', 'admin s1', 'admin s2', 'admin s3'].map(isOpen));
      assert.deepEqual(open, [false, false, true, true, false, true, true]);
    });
  });
}
