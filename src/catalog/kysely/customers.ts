import type { Kysely } from 'kysely';
import { parseCustomerId } from '../../model/ids.ts';
import type { CreatedCustomer, Customer, Customers } from '../customer.ts';
import { insertKey } from './api-keys.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { customerOf } from './customer-rows.ts';
import { pageOf, readCursor } from './pages.ts';

export function customersIn(
  db: Kysely<CatalogTables>,
  now: CatalogClock,
): Pick<Customers, 'createCustomer' | 'createCustomerWithKey' | 'findCustomer' | 'listCustomers'> {
  return {
    createCustomer: async (customer) => insertCustomer(db, customer, await now(db)),
    createCustomerWithKey: (created, key) =>
      db.transaction().execute(async (trx) => {
        const at = await now(trx);
        const customer = await insertCustomer(trx, created, at);
        if (customer === 'exists') return 'exists';
        return { customer, apiKey: await insertKey(trx, { ...key, customerId: customer.id }, at) };
      }),
    async findCustomer(id) {
      const row = await db.selectFrom('customers').selectAll().where('id', '=', id).executeTakeFirst();
      return row ? customerOf(row) : null;
    },
    async listCustomers({ after, limit }) {
      const first = db
        .selectFrom('customers')
        .selectAll()
        .orderBy('id')
        .limit(limit + 1);
      const page = after === null ? first : first.where('id', '>', readCursor('customers', after, parseCustomerId));
      return pageOf('customers', await page.execute(), limit, ({ id }) => id, customerOf);
    },
  };
}

async function insertCustomer(
  db: Kysely<CatalogTables>,
  { id, timeColumn, columns, defaults }: CreatedCustomer,
  at: number,
): Promise<Customer | 'exists'> {
  const row = await db
    .insertInto('customers')
    .values({
      id,
      created_at: at,
      appeared: 0,
      declared_time_column: timeColumn,
      declared_columns: columns === null ? null : JSON.stringify(columns),
      defaults: defaults ? JSON.stringify(defaults) : null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ? customerOf(row) : 'exists';
}
