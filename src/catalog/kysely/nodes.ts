import type { Kysely } from 'kysely';
import type { Nodes } from '../node.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { endLeases } from './lease-fencing.ts';
import { lockShards, unseenFor } from './shards.ts';

export function nodesIn(db: Kysely<CatalogTables>, now: CatalogClock): Nodes {
  const live = () => db.selectFrom('nodes').select('instance_id');
  return {
    registerInstance: ({ nodeId, instanceId, version = null }, isOnlyProcess, process = null) =>
      db.transaction().execute(async (trx) => {
        await lockShards(trx);
        const at = await now(trx);
        if (isOnlyProcess) {
          await trx.deleteFrom('nodes').execute();
          await trx.updateTable('attempts').set({ owner: null }).where('owner', 'is not', null).execute();
        }
        const { host = null, pid = null } = process ?? {};
        const instance = { instance_id: instanceId, version, started_at: at, seen_at: at, host, pid };
        await trx
          .insertInto('nodes')
          .values({ node_id: nodeId, ...instance })
          .onConflict((conflict) => conflict.column('node_id').doUpdateSet(instance))
          .execute();
      }),
    async findInstance(nodeId) {
      const row = await db.selectFrom('nodes').selectAll().where('node_id', '=', nodeId).executeTakeFirst();
      if (!row) return null;
      const { instance_id: instanceId, seen_at: seenAt, host, pid } = row;
      return { instanceId, seenAt, process: host === null || pid === null ? null : { host, pid } };
    },
    async heartbeat({ nodeId, instanceId }) {
      const { numUpdatedRows } = await db
        .updateTable('nodes')
        .set({ seen_at: await now(db) })
        .where('node_id', '=', nodeId)
        .where('instance_id', '=', instanceId)
        .executeTakeFirstOrThrow();
      if (numUpdatedRows > 0n) return 'alive';
      const other = await db.selectFrom('nodes').select('node_id').where('node_id', '=', nodeId).executeTakeFirst();
      return other ? 'replaced' : 'expired';
    },
    async expireInstances({ instanceId }, unseenMs) {
      const at = await now(db);
      const expired = await db
        .deleteFrom('nodes')
        .where(unseenFor(unseenMs, at))
        .where('instance_id', '<>', instanceId)
        .returning('node_id')
        .execute();
      return expired.map(({ node_id }) => node_id);
    },
    removeInstance: ({ instanceId }) =>
      db.transaction().execute(async (trx) => {
        await trx.deleteFrom('nodes').where('instance_id', '=', instanceId).execute();
        await trx.updateTable('attempts').set({ owner: null }).where('owner', '=', instanceId).execute();
      }),
    async liveInstances() {
      const rows = await db.selectFrom('nodes').select('instance_id').execute();
      return new Set(rows.map(({ instance_id }) => instance_id));
    },
    async nodes() {
      const at = await now(db);
      const rows = await db.selectFrom('nodes').selectAll().orderBy('node_id').execute();
      return rows.map(({ node_id, version, started_at, seen_at }) => ({
        nodeId: node_id,
        version,
        startedAt: new Date(started_at),
        seenMs: at - seen_at,
      }));
    },
    async releaseDeadLeases() {
      await endLeases(db, (eb) => eb.and([eb('lease_owner', 'is not', null), eb('lease_owner', 'not in', live())]));
      await db
        .updateTable('webhook_deliveries')
        .set({ lease_owner: null, lease_until: null })
        .where('lease_owner', 'is not', null)
        .where('lease_owner', 'not in', live())
        .execute();
    },
    async receptionsOf({ instanceId }) {
      const rows = await db
        .selectFrom('uploads')
        .select('id')
        .where('status', '=', 'receiving')
        .where('receiver', '=', instanceId)
        .execute();
      return rows.map(({ id }) => id);
    },
    async deadReceptions() {
      const rows = await db
        .selectFrom('uploads')
        .select(['id', 'receiver', 'customer_id'])
        .where('status', '=', 'receiving')
        .where('lease_owner', 'is', null)
        .where((eb) => eb.or([eb('receiver', 'is', null), eb('receiver', 'not in', live())]))
        .execute();
      return rows.map((row) => ({ uploadId: row.id, receiver: row.receiver, customerId: row.customer_id }));
    },
  };
}
