import type { ExpressionBuilder, Kysely, Transaction } from 'kysely';
import type { Shards } from '../shards.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';

export function shardsIn(db: Kysely<CatalogTables>, now: CatalogClock): Shards {
  return {
    async knownShards() {
      const { id } = await db.selectFrom('catalog_identity').select('id').executeTakeFirstOrThrow();
      const rows = await db.selectFrom('shards').select('name').orderBy('position').execute();
      return { catalogId: id, names: rows.map(({ name }) => name) };
    },
    recordShards: (names, unseenMs) =>
      db.transaction().execute(async (trx) => {
        await lockShards(trx);
        const known = await trx.selectFrom('shards').select('position').execute();
        if (known.length > 0 && names.length > known.length) {
          await trx
            .deleteFrom('nodes')
            .where(unseenFor(unseenMs, await now(trx)))
            .execute();
          const nodes = await trx.selectFrom('nodes').select('node_id').orderBy('node_id').execute();
          if (nodes.length > 0) return nodes.map(({ node_id }) => node_id);
        }
        await trx
          .insertInto('shards')
          .values(names.map((name, index) => ({ position: index + 1, name })))
          .onConflict((conflict) =>
            conflict.column('position').doUpdateSet(({ ref }) => ({ name: ref('excluded.name') })),
          )
          .execute();
        return [];
      }),
    knownSpool: () => spoolOf(db),
    async recordSpool(identity) {
      await db
        .updateTable('catalog_identity')
        .set(({ fn, ref, val }) => ({ spool_id: fn.coalesce(ref('spool_id'), val(identity)) }))
        .execute();
      return (await spoolOf(db)) ?? identity;
    },
  };
}

async function spoolOf(db: Kysely<CatalogTables>): Promise<string | null> {
  const { spool_id } = await db.selectFrom('catalog_identity').select('spool_id').executeTakeFirstOrThrow();
  return spool_id;
}

/** A node has not been seen for so long, or not since the clock of the database was set back. */
export function unseenFor(ms: number, at: number) {
  return (eb: ExpressionBuilder<CatalogTables, 'nodes'>) =>
    eb.or([eb('seen_at', '<=', at - ms), eb('seen_at', '>=', at + ms)]);
}

/** Until the transaction ends, no shard is added and no node registers. */
export async function lockShards(trx: Transaction<CatalogTables>): Promise<void> {
  await trx
    .updateTable('catalog_identity')
    .set(({ ref }) => ({ id: ref('id') }))
    .execute();
}
