import type { Kysely } from 'kysely';
import type { Sessions } from '../session.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { apiKeyOf } from './customer-rows.ts';

export function sessionsIn(db: Kysely<CatalogTables>, now: CatalogClock): Sessions {
  return {
    addSession: ({ hash, keyId, adminProof, lifetimeMs }, maxPerKey) =>
      db.transaction().execute(async (trx) => {
        const at = await now(trx);
        await trx.deleteFrom('sessions').where('expires_at', '<=', at).execute();
        await trx
          .insertInto('sessions')
          .values({
            hash,
            key_id: keyId,
            admin_proof: adminProof,
            created_at: at,
            expires_at: at + lifetimeMs,
          })
          .execute();
        const ofKey = trx
          .selectFrom('sessions')
          .select('hash')
          .where('key_id', 'is not distinct from', keyId)
          .orderBy('created_at', 'desc')
          .orderBy('hash');
        const hashes = (await ofKey.execute()).map((row) => row.hash);
        const surplus = hashes.filter((each) => each !== hash).slice(maxPerKey - 1);
        if (surplus.length > 0) await trx.deleteFrom('sessions').where('hash', 'in', surplus).execute();
        return new Date(at + lifetimeMs);
      }),
    async findSession(hash) {
      const row = await db
        .selectFrom('sessions')
        .selectAll()
        .where('hash', '=', hash)
        .where('expires_at', '>', await now(db))
        .executeTakeFirst();
      if (!row) return null;
      const session = { adminProof: row.admin_proof, expiresAt: new Date(row.expires_at) };
      if (row.key_id === null) return { ...session, key: null };
      const key = await db
        .selectFrom('api_keys')
        .selectAll()
        .where('id', '=', row.key_id)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      return key ? { ...session, key: apiKeyOf(key) } : null;
    },
    async endSession(hash) {
      await db.deleteFrom('sessions').where('hash', '=', hash).execute();
    },
  };
}
