import type { ExpressionBuilder, Kysely, Transaction, UpdateObject } from 'kysely';
import { newTableId, type UploadId } from '../../model/ids.ts';
import type { UploadStatus } from '../upload.ts';
import type { AttemptOutcome, AttemptTarget, Claim, Lease, UploadQueue } from '../upload-queue.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables, CustomerRow } from './catalog-tables.ts';
import { customerOf } from './customer-rows.ts';
import { isLeasedTo, lockCustomerOf, requeued, UNLEASED, type UploadCondition } from './lease-fencing.ts';
import { isFree, isQueued, nextUploads } from './next-uploads.ts';
import type { ParallelWrites } from './parallel-writes.ts';
import { uploadOf } from './upload-rows.ts';
import { announce } from './webhook-outbox.ts';

type Leases = Pick<UploadQueue, 'claimNext' | 'claimReceiving' | 'retag' | 'renewLease' | 'endAttempt'>;

/** Among how many uploads a claim chooses, if others claim some of them at the same time. */
const MAX_CHOICE = 8;

export function leasesIn(db: Kysely<CatalogTables>, now: CatalogClock, parallel: ParallelWrites | null): Leases {
  return {
    async claimNext(lease) {
      for (;;) {
        const at = await now(db);
        // Found without a lock, then claimed under the customer's lock, so that an empty queue costs only a read.
        const next = await nextUploads(db, at, parallel ? MAX_CHOICE : 1);
        if (next.length === 0) return null;
        const claim = await db.transaction().execute(async (trx) => {
          // Others that claim at the same time get the next ones, instead of waiting for the first.
          const free =
            next.length > 1
              ? await parallel?.lockFirst(
                  trx,
                  next.map((each) => each.customer_id),
                )
              : null;
          const chosen = next.find((each) => each.customer_id === free) ?? next[0];
          return chosen ? claimIf(trx, chosen.id, isNext(at), { ...lease, at }) : null;
        });
        if (claim) return claim;
      }
    },
    async claimReceiving({ uploadId, ...lease }) {
      const at = await now(db);
      return db.transaction().execute((trx) => claimIf(trx, uploadId, mayLoadEarly(at), { ...lease, at }));
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
        await disown(trx, customer, attempt.tag);
        await useTarget(trx, customer, target, attempt);
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
    endAttempt: ({ outcome, ...attempt }) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomerOf(trx, attempt.uploadId);
        const at = await now(trx);
        const upload = await trx
          .updateTable('uploads')
          .set((eb) => ({ ...UNLEASED, ...outcomeOf(outcome, at, eb) }))
          .where(isLeasedTo(attempt))
          .returningAll()
          .executeTakeFirst();
        if (!customer || !upload) return false;
        await disown(trx, customer, attempt.tag);
        // Of a dry run, only the client that sent it is interested in the end.
        if (outcome.kind === 'failed' && upload.dry_run === 0) await announce(trx, 'upload.failed', upload, at);
        return true;
      }),
  };
}

/** The uploads of the same customer, including the upload itself. */
function ofSameCustomer(eb: ExpressionBuilder<CatalogTables, 'uploads'>) {
  return eb.selectFrom('uploads as other').select('other.id').whereRef('other.customer_id', '=', 'uploads.customer_id');
}

/** The upload is the first of its customer in the queue. */
function isNext(at: number): UploadCondition {
  return (eb) =>
    eb.and([
      isQueued('uploads'),
      isFree('uploads', at),
      eb.not(eb.exists(ofSameCustomer(eb).where(isQueued('other')).whereRef('other.number', '<', 'uploads.number'))),
    ]);
}

/** The upload is still being received, and no upload of its customer is in the queue. */
function mayLoadEarly(at: number): UploadCondition {
  return (eb) =>
    eb.and([
      eb('uploads.status', '=', 'receiving'),
      eb('uploads.cancel_requested_at', 'is', null),
      isFree('uploads', at),
      eb.not(eb.exists(ofSameCustomer(eb).where(isQueued('other')))),
    ]);
}

/** Claims an upload if the condition still holds. */
async function claimIf(
  trx: Transaction<CatalogTables>,
  uploadId: UploadId,
  condition: UploadCondition,
  { owner, leaseMs, at }: { readonly owner: string; readonly leaseMs: number; readonly at: number },
): Promise<Claim | null> {
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
  await useTarget(trx, customer, target, { uploadId, owner });
  const isCancelRequested = upload.cancel_requested_at !== null;
  return { upload: uploadOf(upload), customer: customerOf(customer), ...target, isCancelRequested };
}

/** What the end of an attempt changes about its upload. */
function outcomeOf(
  outcome: AttemptOutcome,
  at: number,
  eb: ExpressionBuilder<CatalogTables, 'uploads'>,
): UpdateObject<CatalogTables, 'uploads'> {
  switch (outcome.kind) {
    case 'requeued':
      return requeued(outcome.engineDied ? 1 : 0, eb);
    case 'cancelled':
      return { status: 'cancelled', finished_at: at };
    case 'failed': {
      const { error, keepBytesMs } = outcome;
      const retryUntil = keepBytesMs > 0 ? at + keepBytesMs : null;
      return { status: 'failed', finished_at: at, error: JSON.stringify(error), retry_until: retryUntil };
    }
  }
}

/** Records that the attempt of a tag writes nothing more. */
async function disown(trx: Transaction<CatalogTables>, { id }: CustomerRow, tag: number): Promise<void> {
  await trx.updateTable('attempts').set({ owner: null }).where('customer_id', '=', id).where('tag', '=', tag).execute();
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
  { uploadId, owner }: Pick<Lease, 'uploadId' | 'owner'>,
): Promise<void> {
  await trx.updateTable('customers').set({ last_tag: tag }).where('id', '=', id).execute();
  const attempt = { customer_id: id, tag, upload_id: uploadId, table_id: tableId, owner };
  await trx.insertInto('attempts').values(attempt).execute();
}
