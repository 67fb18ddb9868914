import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ExpressionBuilder, Kysely, Transaction, Updateable } from 'kysely';
import type { Customers, Deletion, DeletionStart } from '../customer.ts';
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

/** A deletion in SQLite blocks the event loop, and in PostgreSQL a statement has a time limit: 1,000 uploads take some 30 ms. */
const AT_ONCE = 1_000;

/** A deletion has several steps, because the rows and files are elsewhere. Until the last one the customer exists, but accepts nothing. */
export function deleteCustomerIn(
  db: Kysely<CatalogTables>,
): Pick<Customers, 'beginDeletion' | 'findDeletion' | 'customersInDeletion' | 'endDeletion'> {
  return {
    beginDeletion: (id) =>
      db.transaction().execute(async (trx): Promise<DeletionStart> => {
        // Locks the customer: a concurrent upload is either registered before this and counted, or refused after it.
        const customer = await lockCustomer(trx, id);
        if (!customer) return { kind: 'not_found' };
        const uploads = trx.selectFrom('uploads').select('id').where('customer_id', '=', id);
        const unfinished = await uploads.where('status', 'in', UNFINISHED).orderBy('number').execute();
        if (unfinished.length > 0) return { kind: 'busy', uploads: unfinished.map((upload) => upload.id) };
        await trx
          .updateTable('customers')
          .set((eb) => ({ ...NO_TABLE, in_deletion: 1, version: eb('version', '+', 1) }))
          .where('id', '=', id)
          .execute();
        return { kind: 'begun', deletion: await deletionOf(trx, customer) };
      }),
    findDeletion: (id) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomer(trx, id);
        return customer?.in_deletion === 1 ? deletionOf(trx, customer) : null;
      }),
    async customersInDeletion() {
      const rows = await db.selectFrom('customers').select('id').where('in_deletion', '=', 1).execute();
      return rows.map(({ id }) => id);
    },
    async endDeletion(deletion) {
      for (const table of ['webhook_events', 'uploads'] as const) {
        while (await deleteSome(db, table, deletion)) await nextTurn();
      }
      // Deletes keys, attempts and webhooks, too: their foreign keys cascade.
      const { numDeletedRows } = await db.deleteFrom('customers').where(isOf(deletion)).executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

/** The customer of the deletion: another node may have completed it, and the customer have appeared again, and its deletion have started. */
function isOf({ customerId, createdAt }: Deletion) {
  return ({ and, eb }: ExpressionBuilder<CatalogTables, 'customers'>) =>
    and([
      eb('customers.id', '=', customerId),
      eb('customers.created_at', '=', createdAt.getTime()),
      eb('customers.in_deletion', '=', 1),
    ]);
}

/** Deletes some of many rows of a customer. @returns whether there were any */
async function deleteSome(
  db: Kysely<CatalogTables>,
  table: 'uploads' | 'webhook_events',
  deletion: Deletion,
): Promise<boolean> {
  const some = db
    .selectFrom(table as 'uploads')
    .select('id')
    .where('customer_id', '=', deletion.customerId)
    .where(({ exists, selectFrom }) => exists(selectFrom('customers').select('customers.id').where(isOf(deletion))))
    .limit(AT_ONCE);
  const { numDeletedRows } = await db
    .deleteFrom(table as 'uploads')
    .where('id', 'in', some)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** The tables include those that no upload has been committed to, or none is any more: with the customer, nobody would know of them. */
async function deletionOf(
  trx: Transaction<CatalogTables>,
  { id, created_at, table_id }: CustomerRow,
): Promise<Deletion> {
  const attempts = await trx.selectFrom('attempts').select('table_id').where('customer_id', '=', id).execute();
  const tableIds = new Set([table_id, ...attempts.map((attempt) => attempt.table_id)]);
  return {
    customerId: id,
    createdAt: new Date(created_at),
    tableIds: [...tableIds].filter((tableId) => tableId !== null),
  };
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
