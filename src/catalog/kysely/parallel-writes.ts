import type { Transaction } from 'kysely';
import type { CustomerId } from '../../model/ids.ts';
import type { CatalogTables } from './catalog-tables.ts';

/**
 * What a database needs to offer in which several transactions write at the same time. Where only one does, it sees the only truth, and
 * there is nobody to wait for.
 */
export interface ParallelWrites {
  /** Locks the first of these customers that no other transaction has locked. @returns null if there is none */
  lockFirst(trx: Transaction<CatalogTables>, customers: readonly CustomerId[]): Promise<CustomerId | null>;
  /** Until the transaction ends, no other one that calls this adds to the queue. */
  lockQueue(trx: Transaction<CatalogTables>): Promise<void>;
  /** The same for those that begin a resumable file of the customer, which may not exist yet. */
  lockFilesOf(trx: Transaction<CatalogTables>, customer: CustomerId): Promise<void>;
}
