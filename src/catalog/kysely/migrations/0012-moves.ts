import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The move into this catalog that has not ended. */
export const moves: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('moves')
      .addColumn('source', 'text', (column) => column.notNull())
      .execute();
  },
};
