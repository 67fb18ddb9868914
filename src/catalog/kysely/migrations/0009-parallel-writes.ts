import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a database needs in which several transactions write at the same time, and indexes of the queue and of the leases alone. */
export const parallelWrites: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // Proofs of commits whose answers can be lost.
    await db.schema
      .createTable('commits')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('is_committed', 'integer', (column) => column.notNull())
      .execute();

    await sql`CREATE INDEX uploads_queued ON uploads (customer_id, number, created_at)
      WHERE status IN ('received', 'ingesting')`.execute(db);
  },
};
