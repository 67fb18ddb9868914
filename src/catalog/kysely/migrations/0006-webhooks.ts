import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Webhooks, and what they are notified of. */
export const webhooks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('webhooks')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('customer_id', 'text', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('url', 'text', (column) => column.notNull())
      .addColumn('events', 'text', (column) => column.notNull())
      .addColumn('description', 'text')
      .addColumn('secret', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('disabled_at', 'bigint')
      .addColumn('disabled_reason', 'text')
      .addColumn('failing_since', 'bigint')
      .execute();
    await db.schema.createIndex('webhooks_by_customer').on('webhooks').column('customer_id').execute();

    await db.schema
      .createTable('webhook_events')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('customer_id', 'text', (column) => column.notNull().references('customers.id').onDelete('cascade'))
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('occurred_at', 'bigint', (column) => column.notNull())
      .addColumn('upload_id', 'text')
      .addColumn('upload', 'text')
      .execute();
    await db.schema.createIndex('webhook_events_by_customer').on('webhook_events').column('customer_id').execute();
    await db.schema.createIndex('webhook_events_by_time').on('webhook_events').column('occurred_at').execute();

    await db.schema
      .createTable('webhook_deliveries')
      .addColumn('webhook_id', 'text', (column) => column.notNull().references('webhooks.id').onDelete('cascade'))
      .addColumn('event_id', 'text', (column) => column.notNull().references('webhook_events.id').onDelete('cascade'))
      .addColumn('customer_id', 'text', (column) => column.notNull())
      .addColumn('occurred_at', 'bigint', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('attempts', 'text', (column) => column.notNull())
      .addColumn('next_attempt_at', 'bigint')
      .addColumn('finished_at', 'bigint')
      .addColumn('lease_owner', 'text')
      .addColumn('lease_until', 'bigint')
      .addPrimaryKeyConstraint('webhook_deliveries_primary_key', ['webhook_id', 'event_id'])
      .execute();
    await db.schema
      .createIndex('webhook_deliveries_by_time')
      .on('webhook_deliveries')
      .columns(['webhook_id', 'occurred_at', 'event_id'])
      .execute();
    await db.schema.createIndex('webhook_deliveries_due').on('webhook_deliveries').column('next_attempt_at').execute();
    await db.schema.createIndex('webhook_deliveries_ended').on('webhook_deliveries').column('finished_at').execute();
    await db.schema.createIndex('webhook_deliveries_by_event').on('webhook_deliveries').column('event_id').execute();
    await db.schema.createIndex('webhook_deliveries_by_lease').on('webhook_deliveries').column('lease_owner').execute();
  },
};
