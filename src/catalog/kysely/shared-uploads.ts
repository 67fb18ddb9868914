import { expressionBuilder, type Kysely } from 'kysely';
import type { SharedUploads } from '../shared-uploads.ts';
import { UNFINISHED } from '../upload.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';

export function sharedUploadsIn(db: Kysely<CatalogTables>, now: CatalogClock): SharedUploads {
  return {
    async saveProgress(progress) {
      if (progress.length === 0) return;
      await db
        .insertInto('upload_progress')
        .values(
          progress.map(({ uploadId, bytesReceived, rowsRead }) => ({
            upload_id: uploadId,
            bytes_received: bytesReceived,
            rows_read: rowsRead,
          })),
        )
        .onConflict((conflict) =>
          conflict.column('upload_id').doUpdateSet((eb) => ({
            bytes_received: eb.ref('excluded.bytes_received'),
            rows_read: eb.ref('excluded.rows_read'),
          })),
        )
        .execute();
    },
    async savedProgress(uploadIds) {
      if (uploadIds.length === 0) return [];
      const rows = await db.selectFrom('upload_progress').selectAll().where('upload_id', 'in', uploadIds).execute();
      return rows.map((row) => ({
        uploadId: row.upload_id,
        bytesReceived: row.bytes_received,
        rowsRead: row.rows_read,
      }));
    },
    async addRefusal({ uploadId, customerId, error, keepMs }) {
      const expiresAt = (await now(db)) + keepMs;
      const refusal = { customer_id: customerId, error: JSON.stringify(error), expires_at: expiresAt };
      await db
        .insertInto('refused_uploads')
        .values({ upload_id: uploadId, ...refusal })
        .onConflict((conflict) => conflict.column('upload_id').doUpdateSet(refusal))
        .execute();
    },
    async findRefusal(customerId, uploadId) {
      const row = await db
        .selectFrom('refused_uploads')
        .select('error')
        .where('upload_id', '=', uploadId)
        .where('customer_id', '=', customerId)
        .where('expires_at', '>', await now(db))
        .executeTakeFirst();
      return row ? JSON.parse(row.error) : null;
    },
    async watchedUploads({ uploadIds, customerIds, endedSince }) {
      // Both tables have these columns. No list may be empty in SQL.
      const eb = expressionBuilder<CatalogTables, 'uploads'>();
      const isWatched = eb.or([
        ...(uploadIds.length > 0 ? [eb('id', 'in', uploadIds)] : []),
        ...(customerIds.length > 0 ? [eb('customer_id', 'in', customerIds)] : []),
      ]);
      const at = new Date(await now(db));
      const files = await db
        .selectFrom('resumable_files')
        .leftJoin('upload_progress', 'upload_progress.upload_id', 'resumable_files.id')
        .select(['id', 'customer_id', 'received', 'bytes_received'])
        .where(isWatched)
        .execute();
      const rows = await db
        .selectFrom('uploads')
        .leftJoin('upload_progress', 'upload_progress.upload_id', 'uploads.id')
        .select([
          'id',
          'customer_id',
          'status',
          'finished_at',
          'cancel_requested_at',
          'attempts',
          'retry_until',
          'corrected_by',
          'bytes_received',
          'rows_read',
        ])
        .where(eb.or([eb('status', 'in', UNFINISHED), eb('finished_at', '>', endedSince.getTime())]))
        .where(isWatched)
        .execute();
      const uploads = rows.map(({ id, customer_id, finished_at, cancel_requested_at, ...rest }) => ({
        id,
        customerId: customer_id,
        hasEnded: finished_at !== null,
        isCancelRequested: cancel_requested_at !== null,
        state: JSON.stringify(rest),
      }));
      const known = new Set(uploads.map(({ id }) => id));
      const partial = files
        .filter(({ id }) => !known.has(id))
        .map(({ id, customer_id, ...rest }) => ({
          id,
          customerId: customer_id,
          hasEnded: false,
          isCancelRequested: false,
          state: JSON.stringify(rest),
        }));
      return { at, uploads: [...uploads, ...partial] };
    },
    async forgetSharedUploads() {
      const unfinished = db.selectFrom('uploads').select('id').where('status', 'in', UNFINISHED);
      const partial = db.selectFrom('resumable_files').select('id');
      await db
        .deleteFrom('upload_progress')
        .where('upload_id', 'not in', unfinished)
        .where('upload_id', 'not in', partial)
        .execute();
      await db
        .deleteFrom('refused_uploads')
        .where('expires_at', '<=', await now(db))
        .execute();
    },
  };
}
