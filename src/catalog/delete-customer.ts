import type { Kysely, Updateable } from 'kysely';
import type { Catalog } from './catalog.ts';
import type { CatalogTables } from './catalog-tables.ts';
import type { UploadStatus } from './upload.ts';

type Deleting = Pick<Catalog, 'beginDeletion' | 'customersInDeletion' | 'deleteCustomer'>;

const UNDER_WAY: readonly UploadStatus[] = ['receiving', 'received', 'ingesting'];

const NO_TABLE: Updateable<CatalogTables['customers']> = {
  table_columns: null,
  time_column: null,
  row_count: 0,
  first_row_at: null,
  earliest_at: null,
  latest_at: null,
};

/** A customer goes in steps, since its rows and files lie elsewhere: in between it is there, and takes nothing. */
export function deletionIn(db: Kysely<CatalogTables>): Deleting {
  return {
    beginDeletion: (id) =>
      db.transaction().execute(async (trx) => {
        // The customer's lock: an upload is registered before, and counts, or afterwards, and is refused.
        await trx
          .updateTable('customers')
          .set((eb) => ({ version: eb.ref('version') }))
          .where('id', '=', id)
          .execute();
        const uploads = trx.selectFrom('uploads').select('id').where('customer_id', '=', id);
        const underWay = await uploads.where('status', 'in', UNDER_WAY).orderBy('number').execute();
        if (underWay.length > 0) return underWay.map((upload) => upload.id);
        await trx
          .updateTable('customers')
          .set((eb) => ({ ...NO_TABLE, in_deletion: 1, version: eb('version', '+', 1) }))
          .where('id', '=', id)
          .execute();
        return [];
      }),
    async customersInDeletion() {
      const rows = await db.selectFrom('customers').select('id').where('in_deletion', '=', 1).execute();
      return rows.map(({ id }) => id);
    },
    async deleteCustomer(id) {
      // Keys, uploads and attempts go with it: their foreign keys cascade.
      const { numDeletedRows } = await db.deleteFrom('customers').where('id', '=', id).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}
