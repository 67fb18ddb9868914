import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What each upload means for the types of the columns. */
export const columnUsesOfUploads: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('uploads').addColumn('column_uses', 'text').execute();
  },
};
