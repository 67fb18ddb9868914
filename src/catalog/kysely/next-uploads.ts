import { type Kysely, type SqlBool, sql } from 'kysely';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import type { CatalogTables } from './catalog-tables.ts';

/**
 * Whether an upload is acknowledged and not loaded yet. Without parameters, because both databases use the index of these uploads
 * only if they can see that the condition is its own.
 */
export function isQueued(table: string) {
  return sql<SqlBool>`${sql.ref(`${table}.status`)} in ('received', 'ingesting')`;
}

/**
 * Whether an upload has no valid lease, and no other one of its customer has any: even if that has expired, its attempt may still commit until
 * somebody ends it.
 *
 * @param table has the `customer_id` and the `number` of the upload
 */
export function isFree(table: string, at: number) {
  return sql<SqlBool>`not exists (select 1 from uploads as leased
    where leased.customer_id = ${sql.ref(`${table}.customer_id`)} and leased.lease_until is not null
    and (leased.lease_until > ${at} or leased.number <> ${sql.ref(`${table}.number`)}))`;
}

/** The first upload of a customer in the queue. */
export interface NextUpload {
  readonly id: UploadId;
  readonly customer_id: CustomerId;
}

/**
 * The uploads whose turn it is, first those of the customer served least recently: a thousand files of one customer do not delay those
 * of another. Reads the index of the queue once, and no other uploads.
 */
export function nextUploads(db: Kysely<CatalogTables>, at: number, limit: number): Promise<readonly NextUpload[]> {
  return db
    .selectFrom((eb) =>
      eb
        .selectFrom((queue) =>
          queue
            .selectFrom('uploads')
            .select(({ fn }) => [
              'customer_id',
              fn.min('number').as('number'),
              // Of customers that have never been served, the one who waits longest is the first.
              fn.min('created_at').as('waiting_since'),
            ])
            .where(isQueued('uploads'))
            .groupBy('customer_id')
            .as('head'),
        )
        .selectAll('head')
        .select(({ selectFrom }) =>
          selectFrom('customers')
            .select('last_claimed_at')
            .whereRef('customers.id', '=', 'head.customer_id')
            .as('last_claimed_at'),
        )
        .where(isFree('head', at))
        .orderBy('last_claimed_at')
        .orderBy('waiting_since')
        .orderBy('customer_id')
        .limit(limit)
        .as('turn'),
    )
    .innerJoin('uploads', (join) =>
      join.onRef('uploads.customer_id', '=', 'turn.customer_id').onRef('uploads.number', '=', 'turn.number'),
    )
    .select(['uploads.id', 'uploads.customer_id'])
    .orderBy('turn.last_claimed_at')
    .orderBy('turn.waiting_since')
    .orderBy('turn.customer_id')
    .execute();
}
