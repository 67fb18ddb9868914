import type { Kysely, Transaction } from 'kysely';
import { customerNotFound } from '../../model/not-found.ts';
import type { AddedKey, ApiKey, ApiKeys } from '../api-key.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { apiKeyOf } from './customer-rows.ts';

export function apiKeysIn(db: Kysely<CatalogTables>, now: CatalogClock): ApiKeys {
  return {
    addKey: (key) =>
      db.transaction().execute(async (trx) => {
        // Locks the customer: it cannot be removed as one without uploads and keys at the same time.
        const customer = await trx
          .updateTable('customers')
          .set((eb) => ({ version: eb.ref('version') }))
          .where('id', '=', key.customerId)
          .returning('id')
          .executeTakeFirst();
        if (!customer) throw customerNotFound(key.customerId);
        return insertKey(trx, key, await now(trx));
      }),
    async findKeyByHash(hash) {
      const row = await db
        .selectFrom('api_keys')
        .selectAll()
        .where('hash', '=', hash)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return row ? apiKeyOf(row) : null;
    },
    async listKeys(customerId) {
      const rows = await db
        .selectFrom('api_keys')
        .selectAll()
        .where('customer_id', '=', customerId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(apiKeyOf);
    },
    async revokeKey(customerId, keyId) {
      const { numUpdatedRows } = await db
        .updateTable('api_keys')
        .set({ revoked_at: await now(db) })
        .where('id', '=', keyId)
        .where('customer_id', '=', customerId)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
  };
}

/** Inserts a key of a customer that exists, and cannot disappear at the same time. */
export async function insertKey(
  trx: Transaction<CatalogTables>,
  { id, customerId, hash, label, rights }: AddedKey,
  at: number,
): Promise<ApiKey> {
  const row = await trx
    .insertInto('api_keys')
    .values({ id, customer_id: customerId, hash, label, rights: JSON.stringify(rights), created_at: at })
    .returningAll()
    .executeTakeFirstOrThrow();
  return apiKeyOf(row);
}
