import type { Expression, ExpressionBuilder, Kysely, SqlBool, Transaction } from 'kysely';
import type { UploadId } from '../model/ids.ts';
import type { CatalogTables, CustomerRow } from './catalog-tables.ts';
import type { UploadStatus } from './upload.ts';

export type UploadCondition = (eb: ExpressionBuilder<CatalogTables, 'uploads'>) => Expression<SqlBool>;

/** What an upload has that no attempt holds. */
export const UNLEASED = { lease_owner: null, lease_until: null, tag: null } as const;

/**
 * Fences an attempt: true while the upload is its own. A lease that ran out is still its own until somebody takes it over
 * or ends it; an upload that has ended has no owner.
 */
export function isLeasedTo({
  uploadId,
  tag,
  owner,
}: {
  readonly uploadId: UploadId;
  readonly tag: number;
  readonly owner: string;
}): UploadCondition {
  return (eb) => eb.and({ 'uploads.id': uploadId, 'uploads.tag': tag, 'uploads.lease_owner': owner });
}

/**
 * Locks the customer of an upload, and so all of its uploads, until the transaction ends. A write that changes nothing does
 * that in every database; what was read before it may be out of date.
 */
export function lockCustomerOf(trx: Transaction<CatalogTables>, uploadId: UploadId): Promise<CustomerRow | undefined> {
  return trx
    .updateTable('customers')
    .set((eb) => ({ version: eb.ref('version') }))
    .where('id', '=', (eb) => eb.selectFrom('uploads').select('customer_id').where('uploads.id', '=', uploadId))
    .returningAll()
    .executeTakeFirst();
}

/** Takes held uploads from their attempts: they go back into the queue, or go on being received. */
export async function release(db: Kysely<CatalogTables>, which: UploadCondition, engineDeaths = 0): Promise<void> {
  await db
    .updateTable('uploads')
    .set((eb) => ({
      ...UNLEASED,
      engine_deaths: eb('engine_deaths', '+', engineDeaths),
      status: eb.case().when('status', '=', 'ingesting').then<UploadStatus>('received').else(eb.ref('status')).end(),
    }))
    .where(which)
    .execute();
}
