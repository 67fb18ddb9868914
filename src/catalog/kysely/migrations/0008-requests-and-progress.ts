import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What processes that share a catalog ask of each other, and let each other know. */
export const requestsAndProgress: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('uploads').addColumn('cancel_requested_at', 'bigint').execute();
    await db.schema.createIndex('uploads_by_end').on('uploads').column('finished_at').execute();

    // Not columns of the uploads, which are wide, and locked when they are claimed and committed. Without references, because an upload
    // that arrives in several requests is not in the catalog yet.
    await db.schema
      .createTable('upload_progress')
      .addColumn('upload_id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('bytes_received', 'bigint', (column) => column.notNull())
      .addColumn('rows_read', 'bigint', (column) => column.notNull())
      .execute();

    await db.schema
      .createTable('refused_uploads')
      .addColumn('upload_id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('customer_id', 'text', (column) => column.notNull())
      .addColumn('error', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('refused_uploads_by_expiry').on('refused_uploads').column('expires_at').execute();

    await db.schema
      .createTable('running_analyses')
      .addColumn('process', 'text', (column) => column.notNull())
      .addColumn('customer_id', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('fraction_done', 'double precision')
      .addColumn('is_cancelled', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('running_analyses_by_customer', ['customer_id', 'id', 'process'])
      .execute();
    await db.schema.createIndex('running_analyses_by_process').on('running_analyses').column('process').execute();
  },
};
