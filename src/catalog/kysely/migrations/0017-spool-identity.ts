import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The identity of the spool that the nodes share. */
export const spoolIdentity: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('catalog_identity').addColumn('spool_id', 'text').execute();
  },
};
