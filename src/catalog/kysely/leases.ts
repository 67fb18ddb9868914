import type { ExpressionBuilder, Kysely, Transaction } from 'kysely';
import { newTableId, type UploadId } from '../../model/ids.ts';
import type { UploadStatus } from '../upload.ts';
import type { AttemptOutcome, AttemptTarget, Claim, UploadQueue } from '../upload-queue.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables, CustomerRow } from './catalog-tables.ts';
import { customerOf } from './customer-rows.ts';
import { endLeases, isLeasedTo, lockCustomerOf, UNLEASED, type UploadCondition } from './lease-fencing.ts';
import { uploadOf } from './upload-rows.ts';
import { announce } from './webhook-outbox.ts';

type Leases = Pick<
  UploadQueue,
  'claimNext' | 'claimReceiving' | 'retag' | 'renewLease' | 'endAttempt' | 'releaseLeases'
>;

/** Acknowledged and not loaded yet. */
const QUEUED: readonly UploadStatus[] = ['received', 'ingesting'];

export function leasesIn(db: Kysely<CatalogTables>, now: CatalogClock): Leases {
  return {
    async claimNext(lease) {
      for (;;) {
        const at = await now(db);
        // Found without a lock, then claimed under the customer's lock, so that an empty queue costs only a read.
        const oldest = await db
          .selectFrom('uploads')
          .select('id')
          .where(isNext(at))
          // Customers in turn: a thousand files of one customer do not delay those of another.
          .orderBy(({ selectFrom }) =>
            selectFrom('customers').select('last_claimed_at').whereRef('customers.id', '=', 'uploads.customer_id'),
          )
          .orderBy('created_at')
          .orderBy('customer_id')
          .limit(1)
          .executeTakeFirst();
        if (!oldest) return null;
        const claim = await claimIf(db, oldest.id, isNext(at), { ...lease, at });
        if (claim) return claim;
      }
    },
    async claimReceiving({ uploadId, ...lease }) {
      const at = await now(db);
      return claimIf(db, uploadId, mayLoadEarly(at), { ...lease, at });
    },
    retag: (attempt) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomerOf(trx, attempt.uploadId);
        if (!customer) return 'lost';
        const target = nextTarget(customer);
        const { numUpdatedRows } = await trx
          .updateTable('uploads')
          .set({ tag: target.tag })
          .where(isLeasedTo(attempt))
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) return 'lost';
        await useTarget(trx, customer, target, attempt.uploadId);
        return target;
      }),
    async renewLease({ leaseMs, ...attempt }) {
      const { numUpdatedRows } = await db
        .updateTable('uploads')
        .set({ lease_until: (await now(db)) + leaseMs })
        .where(isLeasedTo(attempt))
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async endAttempt({ outcome, ...attempt }) {
      if (outcome.kind === 'requeued') return endLeases(db, isLeasedTo(attempt), outcome.engineDied ? 1 : 0);
      await db.transaction().execute(async (trx) => {
        const at = await now(trx);
        const failure = outcome.kind === 'failed' ? failureOf(outcome, at) : {};
        const upload = await trx
          .updateTable('uploads')
          .set({ ...UNLEASED, status: outcome.kind, finished_at: at, ...failure })
          .where(isLeasedTo(attempt))
          .returningAll()
          .executeTakeFirst();
        // Of a dry run, only the client that sent it is interested in the end.
        if (upload && outcome.kind === 'failed' && upload.dry_run === 0) {
          await announce(trx, 'upload.failed', upload, at);
        }
      });
    },
    async releaseLeases() {
      await endLeases(db, (eb) => eb('lease_owner', 'is not', null));
      const unleased = { lease_owner: null, lease_until: null };
      await db.updateTable('webhook_deliveries').set(unleased).where('lease_owner', 'is not', null).execute();
    },
  };
}

/** The uploads of the same customer, including the upload itself. */
function ofSameCustomer(eb: ExpressionBuilder<CatalogTables, 'uploads'>) {
  return eb.selectFrom('uploads as other').select('other.id').whereRef('other.customer_id', '=', 'uploads.customer_id');
}

/** The upload is the first of its customer in the queue, and no upload of the customer has a valid lease. */
function isNext(at: number): UploadCondition {
  return (eb) =>
    eb.and([
      eb('uploads.status', 'in', QUEUED),
      eb.not(eb.exists(ofSameCustomer(eb).where('other.lease_until', '>', at))),
      eb.not(
        eb.exists(
          ofSameCustomer(eb).where('other.status', 'in', QUEUED).whereRef('other.number', '<', 'uploads.number'),
        ),
      ),
    ]);
}

/** The upload is still being received, and no upload of its customer is in the queue or has a valid lease. */
function mayLoadEarly(at: number): UploadCondition {
  return (eb) =>
    eb.and([
      eb('uploads.status', '=', 'receiving'),
      eb.not(eb.exists(ofSameCustomer(eb).where('other.lease_until', '>', at))),
      eb.not(eb.exists(ofSameCustomer(eb).where('other.status', 'in', QUEUED))),
    ]);
}

/** Claims an upload if the condition still holds. */
function claimIf(
  db: Kysely<CatalogTables>,
  uploadId: UploadId,
  condition: UploadCondition,
  { owner, leaseMs, at }: { readonly owner: string; readonly leaseMs: number; readonly at: number },
): Promise<Claim | null> {
  return db.transaction().execute(async (trx) => {
    const customer = await lockCustomerOf(trx, uploadId);
    if (!customer) return null;
    const target = nextTarget(customer);
    const upload = await trx
      .updateTable('uploads')
      .set((eb) => ({
        status: eb.case().when('status', '=', 'received').then<UploadStatus>('ingesting').else(eb.ref('status')).end(),
        tag: target.tag,
        lease_owner: owner,
        lease_until: at + leaseMs,
        attempts: eb('attempts', '+', 1),
      }))
      .where('uploads.id', '=', uploadId)
      .where(condition)
      .returningAll()
      .executeTakeFirst();
    if (!upload) return null;
    await trx.updateTable('customers').set({ last_claimed_at: at }).where('id', '=', customer.id).execute();
    await useTarget(trx, customer, target, uploadId);
    return { upload: uploadOf(upload), customer: customerOf(customer), ...target };
  });
}

function failureOf({ error, keepBytesMs }: Extract<AttemptOutcome, { readonly kind: 'failed' }>, at: number) {
  return { error: JSON.stringify(error), retry_until: keepBytesMs > 0 ? at + keepBytesMs : null };
}

/** An attempt that creates the table gets one of its own, so that no other attempt can lose rows with it. */
function nextTarget({ last_tag, table_id }: CustomerRow): AttemptTarget {
  return { tag: last_tag + 1, tableId: table_id ?? newTableId() };
}

/** Records a tag as used and uncommitted. */
async function useTarget(
  trx: Transaction<CatalogTables>,
  { id }: CustomerRow,
  { tag, tableId }: AttemptTarget,
  uploadId: UploadId,
): Promise<void> {
  await trx.updateTable('customers').set({ last_tag: tag }).where('id', '=', id).execute();
  const attempt = { customer_id: id, tag, upload_id: uploadId, table_id: tableId };
  await trx.insertInto('attempts').values(attempt).execute();
}
