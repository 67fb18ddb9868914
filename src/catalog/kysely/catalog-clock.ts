import type { Kysely } from 'kysely';
import type { CatalogTables } from './catalog-tables.ts';

/**
 * The clock of leases, expiries and timestamps, which is the same for all processes that share the catalog: that of the database.
 *
 * @param db the transaction that needs the time, if there is one
 * @returns milliseconds since 1970-01-01T00:00:00Z
 */
export type CatalogClock = (db: Kysely<CatalogTables>) => Promise<number>;
