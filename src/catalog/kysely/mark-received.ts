import type { Kysely, Transaction } from 'kysely';
import { Problem } from '../../errors.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import { uploadNotFound } from '../../model/not-found.ts';
import { exceededLimit, type QueueLimit, type QueueLimits, type QueueUsage } from '../queue-limits.ts';
import type { Received, UploadStatus, Uploads } from '../upload.ts';
import type { UploadQueue } from '../upload-queue.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables, UploadRow } from './catalog-tables.ts';
import { lockCustomerOf } from './lease-fencing.ts';
import type { ParallelWrites } from './parallel-writes.ts';
import { uploadOf } from './upload-rows.ts';

/** Uploads whose rows are in the table, or will be. */
const COUNTED: readonly UploadStatus[] = ['received', 'ingesting', 'complete'];

export function markReceivedIn(
  db: Kysely<CatalogTables>,
  now: CatalogClock,
  parallel: ParallelWrites | null,
): Pick<Uploads, 'markReceived' | 'findSameBytes'> & Pick<UploadQueue, 'queueUsage'> {
  return {
    queueUsage: (customerId) => queueUsage(db, customerId),
    async findSameBytes(customerId, sha256) {
      const earlier = await withSameBytes(db, customerId, sha256);
      return earlier ? { id: earlier.id, createdAt: new Date(earlier.created_at) } : null;
    },
    markReceived: ({ uploadId: id, receiver, isResumable = false }, file, limits) =>
      // Under the customer's lock: of two concurrent uploads with the same key or bytes, one is the first.
      db.transaction().execute(async (trx): Promise<Received> => {
        await lockCustomerOf(trx, id);
        const upload = await trx
          .selectFrom('uploads')
          .selectAll()
          .where('id', '=', id)
          // Others remove the bytes that a dead process has received, even before it has registered the upload.
          .where('receiver', 'in', (eb) =>
            eb.selectFrom('nodes').select('instance_id').where('instance_id', '=', receiver),
          )
          .executeTakeFirst();
        if (!upload) throw uploadNotFound(id);
        const isReceiving = upload.status === 'receiving';
        const isCancelRequested = upload.cancel_requested_at !== null || (isResumable && !(await lockFile(trx, id)));
        if (upload.status === 'cancelled' || (isReceiving && isCancelRequested)) {
          throw new Problem('upload_cancelled', `Upload ${id} was cancelled.`);
        }
        // An upload may be acknowledged twice. The first acknowledgement counts.
        if (!isReceiving) return { kind: 'received', upload: uploadOf(upload) };
        // A file may take days. Its customer may even have been deleted, and created again for others.
        if (upload.key_id !== null && !(await isValid(trx, upload.key_id))) {
          throw new Problem('key_invalid', 'The API key was revoked during the upload.');
        }
        const sameKey = await withSameKey(trx, upload);
        if (sameKey) return { kind: 'key_used', earlier: uploadOf(sameKey) };
        const sameBytes = await withSameBytes(trx, upload.customer_id, file.sha256);
        if (sameBytes && JSON.parse(upload.options).duplicates === 'reject') {
          return { kind: 'duplicate', earlier: uploadOf(sameBytes) };
        }
        const spoolBytes = file.segments.reduce((sum, { bytes }) => sum + bytes, 0);
        const limit = limits && (await limitOf(trx, upload.customer_id, spoolBytes, limits, parallel));
        if (limit) return { kind: 'queue_full', limit };
        if (upload.retry_of !== null && !(await endRetention(trx, upload.retry_of))) return { kind: 'not_retryable' };
        const at = await now(trx);
        const row = await trx
          .updateTable('uploads')
          .set((eb) => ({
            status: eb
              .case()
              .when('lease_until', '>', at)
              .then<UploadStatus>('ingesting')
              .else<UploadStatus>('received')
              .end(),
            file: JSON.stringify(file),
            sha256: file.sha256,
            spool_bytes: spoolBytes,
            duplicate_of: sameBytes?.id ?? null,
            duplicate_of_at: sameBytes?.created_at ?? null,
            received_at: at,
          }))
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirstOrThrow();
        if (row.corrects !== null && row.dry_run === 0) {
          await trx
            .updateTable('uploads')
            .set({ corrected_by: id })
            .where('id', '=', row.corrects)
            .where('customer_id', '=', row.customer_id)
            .execute();
        }
        return { kind: 'received', upload: uploadOf(row) };
      }),
  };
}

async function isValid(trx: Transaction<CatalogTables>, keyId: string): Promise<boolean> {
  const key = trx.selectFrom('api_keys').select('id').where('id', '=', keyId).where('revoked_at', 'is', null);
  return (await key.executeTakeFirst()) !== undefined;
}

async function withSameKey(trx: Transaction<CatalogTables>, upload: UploadRow): Promise<UploadRow | undefined> {
  if (upload.idempotency_key === null) return undefined;
  return trx
    .selectFrom('uploads')
    .selectAll()
    .where('customer_id', '=', upload.customer_id)
    .where('idempotency_key', '=', upload.idempotency_key)
    .where('key_id', upload.key_id === null ? 'is' : '=', upload.key_id)
    .where('received_at', 'is not', null)
    .executeTakeFirst();
}

/** The latest upload with these bytes. */
function withSameBytes(
  db: Kysely<CatalogTables>,
  customerId: CustomerId,
  sha256: string,
): Promise<UploadRow | undefined> {
  return db
    .selectFrom('uploads')
    .selectAll()
    .where('customer_id', '=', customerId)
    .where('sha256', '=', sha256)
    .where('status', 'in', COUNTED)
    .where('dry_run', '=', 0)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** @returns the limit that another upload of these bytes would exceed, or null */
async function limitOf(
  trx: Transaction<CatalogTables>,
  customerId: CustomerId,
  bytes: number,
  limits: QueueLimits,
  parallel: ParallelWrites | null,
): Promise<QueueLimit | null> {
  const usage = await queueUsage(trx, customerId);
  const limit = exceededLimit(usage, bytes, limits);
  // Other customers' uploads are acknowledged at the same time. Far from the limit of all, none of them has to wait for another.
  const isNear = usage.bytesInAll + bytes > limits.maxWaitingBytes / 2;
  if (limit || !parallel || !isNear) return limit;
  await parallel.lockQueue(trx);
  return exceededLimit(await queueUsage(trx, customerId), bytes, limits);
}

/** Reads only an index. The counts of a customer are exact under its lock. */
async function queueUsage(db: Kysely<CatalogTables>, customerId: CustomerId | null): Promise<QueueUsage> {
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

/** @returns false if it has ended */
async function endRetention(trx: Transaction<CatalogTables>, id: UploadId): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('uploads')
    .set({ retry_until: null })
    .where('id', '=', id)
    .where('retry_until', 'is not', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Keeps a resumable file from being removed before the transaction ends. @returns false if it was removed */
async function lockFile(trx: Transaction<CatalogTables>, id: UploadId): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('resumable_files')
    .set((eb) => ({ received: eb.ref('received') }))
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}
