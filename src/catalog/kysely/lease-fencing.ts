import type { Expression, ExpressionBuilder, Kysely, SqlBool, Transaction, UpdateObject } from 'kysely';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import { UNFINISHED, type UploadStatus } from '../upload.ts';
import type { Lease } from '../upload-queue.ts';
import type { CatalogTables, CustomerRow } from './catalog-tables.ts';

export type UploadCondition = (eb: ExpressionBuilder<CatalogTables, 'uploads'>) => Expression<SqlBool>;

/** The lease columns of an upload that no attempt holds. */
export const UNLEASED = { lease_owner: null, lease_until: null, tag: null } as const;

/**
 * Fences the writes of an attempt: true only as long as the attempt holds the upload. It holds an expired lease until the lease
 * is taken over or ended. An upload that has ended is not held.
 */
export function isLeasedTo({ uploadId, tag, owner }: Lease): UploadCondition {
  return (eb) => eb.and({ 'uploads.id': uploadId, 'uploads.tag': tag, 'uploads.lease_owner': owner });
}

/** Locks a customer, and thereby all of its uploads, until the transaction ends. */
export function lockCustomer(trx: Transaction<CatalogTables>, id: CustomerId): Promise<CustomerRow | undefined> {
  return trx
    .updateTable('customers')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/**
 * Locks the customer of an upload, and thereby all uploads of the customer, until the transaction ends. An update that changes
 * nothing has this effect in every database. What the transaction read before may be out of date.
 */
export function lockCustomerOf(trx: Transaction<CatalogTables>, uploadId: UploadId): Promise<CustomerRow | undefined> {
  return trx
    .updateTable('customers')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', (eb) => eb.selectFrom('uploads').select('customer_id').where('uploads.id', '=', uploadId))
    .returningAll()
    .executeTakeFirst();
}

/** Ends leases: the uploads return to the queue, or to `receiving`. */
export async function endLeases(db: Kysely<CatalogTables>, which: UploadCondition): Promise<void> {
  await db
    .updateTable('uploads')
    .set((eb) => ({ ...UNLEASED, ...requeued(0, eb) }))
    // Finds them by an index. No other upload has a lease.
    .where('status', 'in', UNFINISHED)
    .where(which)
    .execute();
}

/** What changes about an upload that goes back to the queue, or to `receiving`. */
export function requeued(
  engineDeaths: number,
  eb: ExpressionBuilder<CatalogTables, 'uploads'>,
): UpdateObject<CatalogTables, 'uploads'> {
  return {
    engine_deaths: eb('engine_deaths', '+', engineDeaths),
    status: eb.case().when('status', '=', 'ingesting').then<UploadStatus>('received').else(eb.ref('status')).end(),
  };
}
