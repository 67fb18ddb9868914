import { type Kysely, sql, type Transaction } from 'kysely';
import { Problem } from '../../errors.ts';
import type { CustomerId } from '../../model/ids.ts';
import type { Uploads } from '../upload.ts';
import { newUpload, UNFINISHED } from '../upload.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { removeIfEmpty } from './delete-customer.ts';
import { lockCustomerOf } from './lease-fencing.ts';
import { pageOf, readCursor } from './pages.ts';
import { uploadOf } from './upload-rows.ts';

type UploadRecords = Pick<
  Uploads,
  | 'createUpload'
  | 'deleteUpload'
  | 'findUpload'
  | 'findByIdempotencyKey'
  | 'listUploads'
  | 'keptFailures'
  | 'endRetention'
  | 'unfinishedUploads'
  | 'uploadsInStatus'
>;

export function uploadsIn(db: Kysely<CatalogTables>, now: CatalogClock): UploadRecords {
  const findUpload: Uploads['findUpload'] = async (id) => {
    const row = await db.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? uploadOf(row) : null;
  };

  return {
    findUpload,
    createUpload: ({
      id,
      customerId,
      receiver,
      filename,
      options,
      keyId = null,
      idempotencyKey,
      retryOf,
      corrects = null,
      customerMayAppear = true,
    }) =>
      db.transaction().execute(async (trx) => {
        const at = await now(trx);
        const customer = await countUpload(trx, customerId, customerMayAppear ? at : null);
        if (!customer) {
          throw new Problem('customer_not_found', `Customer '${customerId}' was deleted during the upload.`);
        }
        if (customer.in_deletion === 1) {
          throw new Problem('customer_busy', `Customer '${customerId}' is being deleted.`);
        }
        await trx
          .insertInto('uploads')
          .values({
            id,
            customer_id: customerId,
            number: customer.last_upload,
            status: 'receiving',
            receiver,
            filename,
            options: JSON.stringify(options),
            key_id: keyId,
            idempotency_key: idempotencyKey,
            retry_of: retryOf,
            corrects,
            dry_run: options.dryRun ? 1 : 0,
            created_at: at,
          })
          .execute();
        const createdAt = new Date(at);
        return newUpload({ id, customerId, filename, options, keyId, idempotencyKey, retryOf, corrects, createdAt });
      }),
    async findByIdempotencyKey(customerId, sender, key) {
      const row = await db
        .selectFrom('uploads')
        .selectAll()
        .where('customer_id', '=', customerId)
        .where('idempotency_key', '=', key)
        .where('key_id', sender === null ? 'is' : '=', sender)
        .where('received_at', 'is not', null)
        .executeTakeFirst();
      return row ? uploadOf(row) : null;
    },
    async keptFailures(which) {
      const kept = db.selectFrom('uploads').select('id').where('retry_until', 'is not', null);
      const rows = await (which === 'all' ? kept : kept.where('retry_until', '<=', await now(db))).execute();
      return rows.map(({ id }) => id);
    },
    async endRetention(id) {
      await db.updateTable('uploads').set({ retry_until: null }).where('id', '=', id).execute();
    },
    deleteUpload: ({ uploadId: id, receiver }) =>
      db.transaction().execute(async (trx) => {
        const customer = await lockCustomerOf(trx, id);
        if (!customer) return;
        await trx
          .deleteFrom('uploads')
          .where('id', '=', id)
          .where('received_at', 'is', null)
          .where('receiver', 'is not distinct from', receiver)
          .execute();
        await removeIfEmpty(trx, customer);
      }),
    async listUploads(customerId, { after, limit }) {
      const first = db
        .selectFrom('uploads')
        .selectAll()
        .where('customer_id', '=', customerId)
        .orderBy('number', 'desc')
        .limit(limit + 1);
      const page = after === null ? first : first.where('number', '<', readCursor('uploads', after, parseNumber));
      return pageOf('uploads', await page.execute(), limit, ({ number }) => number, uploadOf);
    },
    async unfinishedUploads(customerId) {
      const rows = await db
        .selectFrom('uploads')
        .select('id')
        .where('customer_id', '=', customerId)
        .where('status', 'in', UNFINISHED)
        .orderBy('number')
        .execute();
      return rows.map(({ id }) => id);
    },
    async uploadsInStatus(statuses) {
      const rows = await db
        .selectFrom('uploads')
        .selectAll()
        .where('status', 'in', statuses)
        .orderBy('created_at')
        .orderBy('customer_id')
        .orderBy('number')
        .execute();
      return rows.map(uploadOf);
    },
  };
}

/**
 * @param appearsAt null if the customer may not appear
 * @returns undefined if there is no such customer
 */
async function countUpload(trx: Transaction<CatalogTables>, id: CustomerId, appearsAt: number | null) {
  const counted = { last_upload: sql<number>`customers.last_upload + 1` };
  const columns = ['last_upload', 'in_deletion'] as const;
  if (appearsAt === null) {
    const known = trx.updateTable('customers').set(counted).where('id', '=', id);
    return known.returning(columns).executeTakeFirst();
  }
  // In one statement, since another transaction may be removing the customer.
  return trx
    .insertInto('customers')
    .values({ id, created_at: appearsAt, appeared: 1, last_upload: 1 })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(counted))
    .returning(columns)
    .executeTakeFirst();
}

function parseNumber(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
