import type { Kysely } from 'kysely';
import type { Catalog } from '../catalog.ts';
import { apiKeysIn } from './api-keys.ts';
import { cancelUndoIn } from './cancel-undo.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { choresIn } from './chores.ts';
import { commitUploadIn } from './commit-upload.ts';
import { customersIn } from './customers.ts';
import { deleteCustomerIn } from './delete-customer.ts';
import { leasesIn } from './leases.ts';
import { markReceivedIn } from './mark-received.ts';
import { nodesIn } from './nodes.ts';
import type { ParallelWrites } from './parallel-writes.ts';
import { resumableFilesIn } from './resumable-files.ts';
import { sessionsIn } from './sessions.ts';
import { shardsIn } from './shards.ts';
import { sharedAnalysesIn } from './shared-analyses.ts';
import { sharedUploadsIn } from './shared-uploads.ts';
import { tableStatesIn } from './table-states.ts';
import { uploadsIn } from './uploads.ts';
import { webhookDeliveriesIn } from './webhook-deliveries.ts';
import { webhooksIn } from './webhooks.ts';

/** What a SQL database alone does not know. */
export type KyselyCatalog = Omit<Catalog, 'isShared' | 'news' | 'copies' | 'stopWaiting'>;

/**
 * The catalog in a SQL database whose schema is up to date ({@link migrate}).
 *
 * The dialect must support `RETURNING`; an update must lock its rows, or more, until the transaction ends, and later reads in
 * the transaction must see the latest commit; integers must be read as numbers if they are safe, else as bigints.
 *
 * @param parallel null if one transaction at a time writes
 */
export function kyselyCatalog(
  db: Kysely<CatalogTables>,
  now: CatalogClock,
  parallel: ParallelWrites | null = null,
): KyselyCatalog {
  return {
    ...customersIn(db, now),
    ...deleteCustomerIn(db),
    ...apiKeysIn(db, now),
    ...sessionsIn(db, now),
    ...uploadsIn(db, now),
    ...markReceivedIn(db, now, parallel),
    ...cancelUndoIn(db, now),
    ...leasesIn(db, now, parallel),
    ...commitUploadIn(db, now),
    ...tableStatesIn(db, now),
    ...nodesIn(db, now),
    ...shardsIn(db, now),
    ...choresIn(db, now),
    ...sharedUploadsIn(db, now),
    ...sharedAnalysesIn(db, now),
    ...webhooksIn(db, now),
    ...webhookDeliveriesIn(db, now),
    ...resumableFilesIn(db, now, parallel),
    now: () => now(db),
    async ping() {
      await db.selectFrom('customers').select('id').limit(1).execute();
    },
    close: () => db.destroy(),
  };
}
