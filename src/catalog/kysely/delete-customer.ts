import type { Kysely, Transaction, Updateable } from 'kysely';
import type { CustomerId, TableId } from '../../model/ids.ts';
import type { Customers, Deletion } from '../customer.ts';
import { UNFINISHED } from '../upload.ts';
import type { CatalogTables, CustomerRow } from './catalog-tables.ts';
import { lockCustomer } from './lease-fencing.ts';

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
): Pick<Customers, 'beginDeletion' | 'continueDeletion' | 'customersInDeletion' | 'deleteCustomer'> {
  return {
    beginDeletion: (id) =>
      db.transaction().execute(async (trx): Promise<Deletion> => {
        // Locks the customer: a concurrent upload is either registered before this and counted, or refused after it.
        const customer = await lockCustomer(trx, id);
        const uploads = trx.selectFrom('uploads').select('id').where('customer_id', '=', id);
        const unfinished = await uploads.where('status', 'in', UNFINISHED).orderBy('number').execute();
        if (unfinished.length > 0) return { kind: 'busy', uploads: unfinished.map((upload) => upload.id) };
        await trx
          .updateTable('customers')
          .set((eb) => ({ ...NO_TABLE, in_deletion: 1, version: eb('version', '+', 1) }))
          .where('id', '=', id)
          .execute();
        return { kind: 'begun', tableIds: await tablesOf(trx, id, customer) };
      }),
    continueDeletion: (id) =>
      db.transaction().execute(async (trx) => {
        // Another node may have completed it, and the customer have appeared again.
        const customer = await lockCustomer(trx, id);
        return customer?.in_deletion === 1 ? tablesOf(trx, id, customer) : null;
      }),
    async customersInDeletion() {
      const rows = await db.selectFrom('customers').select('id').where('in_deletion', '=', 1).execute();
      return rows.map(({ id }) => id);
    },
    async deleteCustomer(id) {
      // Deletes keys, uploads, attempts and webhooks, too: their foreign keys cascade.
      const { numDeletedRows } = await db
        .deleteFrom('customers')
        .where('id', '=', id)
        // Another node may have completed it, and the customer have appeared again.
        .where('in_deletion', '=', 1)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

/** Also those that no upload has been committed to, or none is any more: with the customer, nobody would know of them. */
async function tablesOf(
  trx: Transaction<CatalogTables>,
  id: CustomerId,
  customer: CustomerRow | undefined,
): Promise<readonly TableId[]> {
  const attempts = await trx.selectFrom('attempts').select('table_id').where('customer_id', '=', id).execute();
  const tableIds = new Set([customer?.table_id ?? null, ...attempts.map(({ table_id }) => table_id)]);
  return [...tableIds].filter((tableId) => tableId !== null);
}

/** Removes a customer that appeared only for uploads of which nothing is left. It is locked by the transaction. */
export async function removeIfEmpty(trx: Transaction<CatalogTables>, customer: CustomerRow): Promise<void> {
  if (customer.appeared === 0 || customer.in_deletion === 1 || customer.table_columns !== null) return;
  // Tags count as well: the table may still contain rows with them, so that a later table must not use them again.
  for (const table of ['uploads', 'api_keys', 'attempts', 'webhooks'] as const) {
    const left = trx.selectFrom(table).select('customer_id').where('customer_id', '=', customer.id);
    if (await left.limit(1).executeTakeFirst()) return;
  }
  await trx.deleteFrom('customers').where('id', '=', customer.id).execute();
}
