import type { Kysely, Updateable } from 'kysely';
import type { Customers, Deletion } from '../customer.ts';
import { UNFINISHED } from '../upload.ts';
import type { CatalogTables } from './catalog-tables.ts';

const NO_TABLE: Updateable<CatalogTables['customers']> = {
  table_columns: null,
  time_column: null,
  row_count: 0,
  first_row_at: null,
  earliest_at: null,
  latest_at: null,
};

/** A deletion has several steps, because the rows and files are elsewhere. Until the last one the customer exists, but accepts nothing. */
export function deleteCustomerIn(
  db: Kysely<CatalogTables>,
): Pick<Customers, 'beginDeletion' | 'customersInDeletion' | 'deleteCustomer'> {
  return {
    beginDeletion: (id) =>
      db.transaction().execute(async (trx): Promise<Deletion> => {
        // Locks the customer: a concurrent upload is either registered before this and counted, or refused after it.
        const customer = await trx
          .updateTable('customers')
          .set((eb) => ({ version: eb.ref('version') }))
          .where('id', '=', id)
          .returning('table_id')
          .executeTakeFirst();
        const uploads = trx.selectFrom('uploads').select('id').where('customer_id', '=', id);
        const unfinished = await uploads.where('status', 'in', UNFINISHED).orderBy('number').execute();
        if (unfinished.length > 0) return { kind: 'busy', uploads: unfinished.map((upload) => upload.id) };
        await trx
          .updateTable('customers')
          .set((eb) => ({ ...NO_TABLE, in_deletion: 1, version: eb('version', '+', 1) }))
          .where('id', '=', id)
          .execute();
        return { kind: 'begun', tableId: customer?.table_id ?? null };
      }),
    async customersInDeletion() {
      const rows = await db.selectFrom('customers').select('id').where('in_deletion', '=', 1).execute();
      return rows.map(({ id }) => id);
    },
    async deleteCustomer(id) {
      // Deletes keys, uploads, attempts and webhooks, too: their foreign keys cascade.
      const { numDeletedRows } = await db.deleteFrom('customers').where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}
