import type { Kysely } from 'kysely';
import { parseCustomerId } from '../../model/ids.ts';
import type { Customers } from '../customer.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { customerOf } from './customer-rows.ts';
import { pageOf, readCursor } from './pages.ts';

export function customersIn(
  db: Kysely<CatalogTables>,
  now: CatalogClock,
): Pick<Customers, 'createCustomer' | 'findCustomer' | 'listCustomers'> {
  return {
    async createCustomer({ id, timeColumn, columns, defaults }) {
      const row = await db
        .insertInto('customers')
        .values({
          id,
          created_at: await now(db),
          appeared: 0,
          declared_time_column: timeColumn,
          declared_columns: columns === null ? null : JSON.stringify(columns),
          defaults: defaults ? JSON.stringify(defaults) : null,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returningAll()
        .executeTakeFirst();
      return row ? customerOf(row) : 'exists';
    },
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
