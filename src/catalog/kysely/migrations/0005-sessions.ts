import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Browser sessions, and when tables changed. */
export const sessions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('sessions')
      .addColumn('hash', 'text', (column) => column.notNull().primaryKey())
      .addColumn('key_id', 'text', (column) => column.references('api_keys.id').onDelete('cascade'))
      .addColumn('admin_proof', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('sessions_by_key').on('sessions').columns(['key_id', 'created_at']).execute();

    await db.schema.alterTable('customers').addColumn('changed_at', 'bigint').execute();
    await sql`UPDATE customers SET changed_at = (
      SELECT max(finished_at) FROM uploads
      WHERE customer_id = customers.id AND status IN ('complete', 'undone') AND dry_run = 0
    )`.execute(db);
  },
};
