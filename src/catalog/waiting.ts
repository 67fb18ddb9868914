import type { Kysely } from 'kysely';
import type { CustomerId } from '../model/ids.ts';
import type { CatalogTables } from './catalog-tables.ts';
import type { Waiting } from './queue-limits.ts';

/** What waits now, from an index alone. Of a customer it is exact under its lock. */
export async function waitingIn(db: Kysely<CatalogTables>, customerId: CustomerId | null): Promise<Waiting> {
  const { uploads, bytes, bytesInAll } = await db
    .selectFrom('uploads')
    .select(({ fn }) => [
      fn.countAll<number>().filterWhere('customer_id', '=', customerId).as('uploads'),
      fn.sum<number | null>('spool_bytes').filterWhere('customer_id', '=', customerId).as('bytes'),
      fn.sum<number | null>('spool_bytes').as('bytesInAll'),
    ])
    .where('status', 'in', ['received', 'ingesting'])
    .executeTakeFirstOrThrow();
  return { uploads: Number(uploads), bytes: Number(bytes ?? 0), bytesInAll: Number(bytesInAll ?? 0) };
}
