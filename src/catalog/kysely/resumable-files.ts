import type { Kysely } from 'kysely';
import { Problem } from '../../errors.ts';
import type { ResumableFiles } from '../resumable-file.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import type { ParallelWrites } from './parallel-writes.ts';

export function resumableFilesIn(
  db: Kysely<CatalogTables>,
  now: CatalogClock,
  parallel: ParallelWrites | null,
): ResumableFiles {
  return {
    createResumable: (file, maxOfCustomer) =>
      db.transaction().execute(async (trx) => {
        const { id, customerId, length } = file;
        await parallel?.lockFilesOf(trx, customerId);
        const others = await trx
          .selectFrom('resumable_files')
          .select('id')
          .where('customer_id', '=', customerId)
          .limit(maxOfCustomer)
          .execute();
        if (others.length >= maxOfCustomer) {
          const detail = `Customer ${customerId} has ${others.length} unfinished resumable uploads; the maximum is ${maxOfCustomer}.`;
          throw new Problem('too_many_uploads', detail);
        }
        const at = await now(trx);
        await trx
          .insertInto('resumable_files')
          .values({ id, customer_id: customerId, length, file: JSON.stringify(file), created_at: at, changed_at: at })
          .execute();
      }),
    async findResumable(id) {
      const row = await db
        .selectFrom('resumable_files')
        .select(['file', 'received', 'changed_at'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row) return null;
      const { received, changed_at } = row;
      return {
        ...JSON.parse(row.file),
        received,
        changedAt: new Date(changed_at),
        idleMs: (await now(db)) - changed_at,
      };
    },
    async resumablesOf(customerId) {
      const rows = await db
        .selectFrom('resumable_files')
        .select('id')
        .where('customer_id', '=', customerId)
        .orderBy('created_at')
        .execute();
      return rows.map(({ id }) => id);
    },
    async resumables(which) {
      const before = which === 'whole' ? null : (await now(db)) - which.idleForMs;
      const rows = await db
        .selectFrom('resumable_files')
        .select('id')
        .where(({ eb, ref }) => (before === null ? eb('received', '=', ref('length')) : eb('changed_at', '<=', before)))
        .execute();
      return rows.map(({ id }) => id);
    },
    appendChunks: (id, offset, chunks) =>
      db.transaction().execute(async (trx) => {
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
        const { numUpdatedRows } = await trx
          .updateTable('resumable_files')
          .set({ received: offset + bytes, changed_at: await now(trx) })
          .where('id', '=', id)
          .where('received', '=', offset)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) return false;
        let start = offset;
        for (const { name, bytes: size } of chunks) {
          await trx.insertInto('resumable_chunks').values({ file_id: id, start, bytes: size, name }).execute();
          start += size;
        }
        return true;
      }),
    chunksOf: (id) =>
      db.selectFrom('resumable_chunks').select(['name', 'bytes']).where('file_id', '=', id).orderBy('start').execute(),
    async claimResumable({ id, owner, leaseMs }) {
      const at = await now(db);
      const { numUpdatedRows } = await db
        .updateTable('resumable_files')
        .set({ lease_owner: owner, lease_until: at + leaseMs })
        .where('id', '=', id)
        .where((eb) =>
          eb.or([eb('lease_owner', 'is', null), eb('lease_owner', '=', owner), eb('lease_until', '<=', at)]),
        )
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async releaseResumable(id, owner) {
      await db
        .updateTable('resumable_files')
        .set({ lease_owner: null, lease_until: null })
        .where('id', '=', id)
        .where('lease_owner', '=', owner)
        .execute();
    },
    async removeResumable(id) {
      const { numDeletedRows } = await db.deleteFrom('resumable_files').where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}
