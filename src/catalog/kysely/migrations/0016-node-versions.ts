import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which version of Thena each node runs. */
export const nodeVersions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('nodes').addColumn('version', 'text').execute();
  },
};
