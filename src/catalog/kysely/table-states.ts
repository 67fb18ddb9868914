import type { ExpressionBuilder, Kysely } from 'kysely';
import type { TableStates } from '../table-state.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { tableOf } from './customer-rows.ts';
import { removeIfEmpty } from './delete-customer.ts';
import { endLeases, lockCustomer } from './lease-fencing.ts';

/**
 * How long a process that has lost a lease may continue to write rows under the tag: one that was paused notices it before its
 * next write, but a write may be on its way. Until then the tag is kept among the uncommitted ones.
 */
const LATE_WRITES_MS = 3_600_000;

export function tableStatesIn(db: Kysely<CatalogTables>, now: CatalogClock): TableStates {
  return {
    async committedRows(customerId) {
      const rows = await db
        .selectFrom('uploads')
        .select(['tag', 'row_count', 'spool_bytes'])
        .where('customer_id', '=', customerId)
        .where('status', '=', 'complete')
        .where('tag', 'is not', null)
        .orderBy('tag')
        .execute();
      return rows.map(({ tag, row_count, spool_bytes }) => ({
        tag: Number(tag),
        rows: row_count ?? 0,
        bytes: spool_bytes ?? 0,
      }));
    },
    async uncommittedTags(customerId) {
      const rows = await db
        .selectFrom('attempts')
        .select('tag')
        .where('customer_id', '=', customerId)
        .orderBy('tag')
        .execute();
      return rows.map(({ tag }) => tag);
    },
    async tableForReading(customerId) {
      // A single statement, so that no commit happens between reading the state and the tags.
      const rows = await db
        .selectFrom('customers')
        .leftJoin('attempts', (join) =>
          join.onRef('attempts.customer_id', '=', 'customers.id').onRef('attempts.table_id', '=', 'customers.table_id'),
        )
        .selectAll('customers')
        .select('attempts.tag as uncommitted_tag')
        .where('customers.id', '=', customerId)
        .orderBy('attempts.tag')
        .execute();
      const [customer] = rows;
      const table = customer ? tableOf(customer) : null;
      if (!customer || !table) return null;
      const uncommittedTags = rows.map((row) => row.uncommitted_tag).filter((tag) => tag !== null);
      return {
        table,
        uncommittedTags,
        lastTag: customer.last_tag,
        generation: customer.generation,
        changedAt: customer.changed_at === null ? null : new Date(customer.changed_at),
        createdAt: new Date(customer.created_at),
      };
    },
    async deadTags() {
      // Otherwise an attempt with an expired lease could still commit after its rows were deleted.
      const at = await now(db);
      await endLeases(db, (eb) => eb('lease_until', '<=', at));
      await db
        .updateTable('attempts')
        .set({ lost_at: at })
        .where('owner', 'is not', null)
        .where('lost_at', 'is', null)
        .where((eb) => eb.not(isHeld(eb)))
        .execute();
      const lateBefore = at - LATE_WRITES_MS;
      const rows = await db
        .selectFrom('attempts')
        .leftJoin('customers', (join) =>
          join.onRef('customers.id', '=', 'attempts.customer_id').onRef('customers.table_id', '=', 'attempts.table_id'),
        )
        .select(['attempts.customer_id', 'attempts.upload_id', 'attempts.tag', 'attempts.table_id', 'attempts.owner'])
        .select(['attempts.lost_at', 'customers.id as of_customer'])
        // An attempt that is loading into a table that is no longer its customer's keeps it. Who ends last drops it.
        .where((eb) => eb.or([eb('customers.id', 'is not', null), eb.not(isLoadedInto(eb))]))
        .where((eb) => eb.not(isHeld(eb)))
        .where((eb) =>
          eb.or([eb('attempts.owner', 'is', null), eb('is_purged', '=', 0), eb('lost_at', '<=', lateBefore)]),
        )
        .orderBy('attempts.customer_id')
        .orderBy('attempts.tag')
        .execute();
      return rows.map((row) => ({
        customerId: row.customer_id,
        uploadId: row.upload_id,
        tag: row.tag,
        tableId: row.table_id,
        isTableInUse: row.of_customer !== null,
        mayBeWritten: row.owner !== null && (row.lost_at ?? at) > lateBefore,
      }));
    },
    async markPurged({ customerId, tableId }, tag) {
      await db
        .updateTable('attempts')
        .set({ is_purged: 1 })
        .where('customer_id', '=', customerId)
        .where('table_id', '=', tableId)
        .where('tag', '=', tag)
        .execute();
    },
    async unknownTables(tables) {
      const ids = [...new Set(tables.map(({ customerId }) => customerId))];
      if (ids.length === 0) return [];
      // A single statement: a commit moves the table of an attempt to the customer.
      const known = await db
        .selectFrom('customers')
        .select(['id as customer_id', 'table_id'])
        .where('id', 'in', ids)
        .union((eb) => eb.selectFrom('attempts').select(['customer_id', 'table_id']).where('customer_id', 'in', ids))
        .execute();
      const names = new Set(known.map(({ customer_id, table_id }) => `${customer_id}_${table_id}`));
      return tables.filter(({ customerId, tableId }) => !names.has(`${customerId}_${tableId}`));
    },
    async forgetTags({ customerId, tableId }, tags) {
      if (tags.length === 0) return;
      await db.transaction().execute(async (trx) => {
        const customer = await lockCustomer(trx, customerId);
        if (!customer) return;
        await trx
          .deleteFrom('attempts')
          .where('customer_id', '=', customerId)
          .where('table_id', '=', tableId)
          .where('tag', 'in', tags)
          .where((eb) => eb.not(isHeld(eb)))
          .execute();
        await removeIfEmpty(trx, customer);
      });
    },
  };
}

/** The upload of the attempt is held under its tag. */
function isHeld(eb: ExpressionBuilder<CatalogTables, 'attempts'>) {
  return eb.exists(
    eb
      .selectFrom('uploads')
      .select('uploads.id')
      .whereRef('uploads.id', '=', 'attempts.upload_id')
      .whereRef('uploads.tag', '=', 'attempts.tag'),
  );
}

/** An upload is held under a tag with the table of the attempt. */
function isLoadedInto(eb: ExpressionBuilder<CatalogTables, 'attempts'>) {
  return eb.exists(
    eb
      .selectFrom('attempts as other')
      .innerJoin('uploads as loading', (join) =>
        join.onRef('loading.id', '=', 'other.upload_id').onRef('loading.tag', '=', 'other.tag'),
      )
      .select('other.tag')
      .whereRef('other.customer_id', '=', 'attempts.customer_id')
      .whereRef('other.table_id', '=', 'attempts.table_id'),
  );
}
