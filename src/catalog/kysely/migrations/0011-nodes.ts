import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The processes that are alive, and which of them receives an upload and has written the rows of an attempt. */
export const nodes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('nodes')
      .addColumn('node_id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('instance_id', 'text', (column) => column.notNull().unique())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.alterTable('uploads').addColumn('receiver', 'text').execute();
    await db.schema.alterTable('attempts').addColumn('owner', 'text').execute();
    await db.schema.alterTable('attempts').addColumn('lost_at', 'bigint').execute();
  },
};
