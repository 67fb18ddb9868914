import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Customers, keys, uploads and attempts. `catalog-tables.ts` describes the columns. */
export const firstTables: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('customers')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('appeared', 'integer', (column) => column.notNull())
      .addColumn('in_deletion', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('declared_time_column', 'text')
      .addColumn('declared_columns', 'text')
      .addColumn('table_columns', 'text')
      .addColumn('time_column', 'text')
      .addColumn('row_count', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('version', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('generation', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('first_row_at', 'bigint')
      .addColumn('earliest_at', 'bigint')
      .addColumn('latest_at', 'bigint')
      .addColumn('last_tag', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('last_upload', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('last_claimed_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();

    await db.schema
      .createTable('api_keys')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('customer_id', 'text', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('hash', 'text', (column) => column.notNull().unique())
      .addColumn('label', 'text')
      .addColumn('rights', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('revoked_at', 'bigint')
      .execute();
    await db.schema.createIndex('api_keys_by_customer').on('api_keys').column('customer_id').execute();

    await db.schema
      .createTable('uploads')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('customer_id', 'text', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('number', 'bigint', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('filename', 'text')
      .addColumn('options', 'text', (column) => column.notNull())
      .addColumn('idempotency_key', 'text')
      .addColumn('retry_of', 'text')
      .addColumn('corrects', 'text')
      .addColumn('corrected_by', 'text')
      .addColumn('sha256', 'text')
      .addColumn('spool_bytes', 'bigint')
      .addColumn('duplicate_of', 'text')
      .addColumn('duplicate_of_at', 'bigint')
      .addColumn('dry_run', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('file', 'text')
      .addColumn('receipt', 'text')
      .addColumn('error', 'text')
      .addColumn('attempts', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('engine_deaths', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('received_at', 'bigint')
      .addColumn('finished_at', 'bigint')
      .addColumn('retry_until', 'bigint')
      .addColumn('lease_owner', 'text')
      .addColumn('lease_until', 'bigint')
      .addColumn('tag', 'bigint')
      .addColumn('row_count', 'bigint')
      .addColumn('first_row_at', 'bigint')
      .addColumn('earliest_at', 'bigint')
      .addColumn('latest_at', 'bigint')
      .addUniqueConstraint('uploads_by_customer', ['customer_id', 'number'])
      .execute();
    await db.schema.createIndex('uploads_by_status').on('uploads').columns(['status', 'created_at']).execute();
    await db.schema
      .createIndex('uploads_waiting')
      .on('uploads')
      .columns(['status', 'customer_id', 'spool_bytes'])
      .execute();
    await db.schema.createIndex('uploads_by_digest').on('uploads').columns(['customer_id', 'sha256']).execute();
    await db.schema
      .createIndex('uploads_by_idempotency_key')
      .on('uploads')
      .columns(['customer_id', 'idempotency_key'])
      .execute();
    await db.schema.createIndex('uploads_by_retention').on('uploads').column('retry_until').execute();
    await db.schema.createIndex('uploads_by_lease').on('uploads').columns(['customer_id', 'lease_until']).execute();

    await db.schema
      .createTable('attempts')
      .addColumn('customer_id', 'text', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('tag', 'bigint', (column) => column.notNull())
      .addColumn('upload_id', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('attempts_primary_key', ['customer_id', 'tag'])
      .execute();
  },
};
