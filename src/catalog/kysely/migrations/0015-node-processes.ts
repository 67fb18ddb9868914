import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which process an instance of a node is. */
export const nodeProcesses: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('nodes').addColumn('host', 'text').execute();
    await db.schema.alterTable('nodes').addColumn('pid', 'integer').execute();
  },
};
