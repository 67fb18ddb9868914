import type { Kysely } from 'kysely';
import { customerNotFound } from '../../model/not-found.ts';
import type { ApiKeys } from '../api-key.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { apiKeyOf } from './customer-rows.ts';

export function apiKeysIn(db: Kysely<CatalogTables>, now: CatalogClock): ApiKeys {
  return {
    addKey: ({ id, customerId, hash, label, rights }) =>
      db.transaction().execute(async (trx) => {
        // Locks the customer: it cannot be removed as one without uploads and keys at the same time.
        const customer = await trx
          .updateTable('customers')
          .set((eb) => ({ version: eb.ref('version') }))
          .where('id', '=', customerId)
          .returning('id')
          .executeTakeFirst();
        if (!customer) throw customerNotFound(customerId);
        const row = await trx
          .insertInto('api_keys')
          .values({
            id,
            customer_id: customerId,
            hash,
            label,
            rights: JSON.stringify(rights),
            created_at: await now(trx),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return apiKeyOf(row);
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
