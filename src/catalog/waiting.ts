import type { Kysely } from 'kysely';
import type { CustomerId } from '../table/ids.ts';
import type { CatalogTables } from './catalog-tables.ts';

/** How many uploads of a customer are in the queue or taken from it: exact only under the customer's lock. */
export async function countWaiting(db: Kysely<CatalogTables>, customerId: CustomerId): Promise<number> {
  const { count } = await db
    .selectFrom('uploads')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('customer_id', '=', customerId)
    .where('status', 'in', ['received', 'ingesting'])
    .executeTakeFirstOrThrow();
  return Number(count);
}
