import type { Kysely } from 'kysely';
import type { TableStates } from '../table-state.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { tableOf } from './customer-rows.ts';
import { endLeases } from './lease-fencing.ts';

export function tableStatesIn(db: Kysely<CatalogTables>, now: CatalogClock): TableStates {
  return {
    async committedRows(customerId) {
      const rows = await db
        .selectFrom('uploads')
        .select(['tag', 'row_count'])
        .where('customer_id', '=', customerId)
        .where('status', '=', 'complete')
        .where('tag', 'is not', null)
        .orderBy('tag')
        .execute();
      return rows.map(({ tag, row_count }) => ({ tag: Number(tag), rows: row_count ?? 0 }));
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
      const rows = await db
        .selectFrom('attempts')
        .leftJoin('uploads', (join) =>
          join.onRef('uploads.id', '=', 'attempts.upload_id').onRef('uploads.tag', '=', 'attempts.tag'),
        )
        .leftJoin('customers', (join) =>
          join.onRef('customers.id', '=', 'attempts.customer_id').onRef('customers.table_id', '=', 'attempts.table_id'),
        )
        .select(['attempts.customer_id', 'attempts.upload_id', 'attempts.tag', 'attempts.table_id'])
        .select('customers.id as of_customer')
        .select(({ selectFrom }) =>
          // Its table may have been the customer's when it began.
          selectFrom('attempts as other')
            .innerJoin('uploads as loading', (join) =>
              join.onRef('loading.id', '=', 'other.upload_id').onRef('loading.tag', '=', 'other.tag'),
            )
            .select(({ fn }) => fn.countAll<number>().as('attempts'))
            .whereRef('other.customer_id', '=', 'attempts.customer_id')
            .whereRef('other.table_id', '=', 'attempts.table_id')
            .as('loading'),
        )
        .where('uploads.id', 'is', null)
        .orderBy('attempts.customer_id')
        .orderBy('attempts.tag')
        .execute();
      return rows.map((row) => ({
        customerId: row.customer_id,
        uploadId: row.upload_id,
        tag: row.tag,
        tableId: row.table_id,
        isTableInUse: row.of_customer !== null || Number(row.loading) > 0,
      }));
    },
    async forgetTags(customerId, tags) {
      if (tags.length === 0) return;
      await db.deleteFrom('attempts').where('customer_id', '=', customerId).where('tag', 'in', tags).execute();
    },
  };
}
