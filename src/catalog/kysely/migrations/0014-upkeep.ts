import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** When chores of all nodes were last done, and whether the rows of an attempt that may still be written were purged a first time. */
export const upkeep: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('chores')
      .addColumn('name', 'text', (column) => column.notNull().primaryKey())
      .addColumn('begun_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .alterTable('attempts')
      .addColumn('is_purged', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
  },
};
