import type { Kysely } from 'kysely';
import { takingBackIn } from './cancel-undo.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { commitIn } from './commit-upload.ts';
import { customersIn } from './customers.ts';
import { deletionIn } from './delete-customer.ts';
import { keysIn } from './keys.ts';
import { leasesIn } from './leases.ts';
import { acknowledgementIn } from './mark-received.ts';
import { uncommittedTagsIn } from './uncommitted-tags.ts';
import { uploadsIn } from './uploads.ts';

/**
 * The catalog in a SQL database whose tables are up to date ({@link migrate}).
 *
 * Asked of a dialect: `RETURNING`; that an update locks its rows, or more, until the transaction ends, and what is read then
 * is what was committed last; and that integers are read as numbers while they are safe, else as bigints.
 *
 * @param now milliseconds since 1970-01-01T00:00:00Z: what leases are measured by
 */
export function kyselyCatalog(db: Kysely<CatalogTables>, now: () => number = Date.now): Catalog {
  return {
    ...customersIn(db, now),
    ...deletionIn(db),
    ...keysIn(db, now),
    ...uploadsIn(db, now),
    ...acknowledgementIn(db, now),
    ...takingBackIn(db, now),
    ...leasesIn(db, now),
    ...commitIn(db, now),
    ...uncommittedTagsIn(db, now),
    async ping() {
      await db.selectFrom('customers').select('id').limit(1).execute();
    },
    close: () => db.destroy(),
  };
}
