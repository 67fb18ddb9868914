import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How the values of a customer's files are read. */
export const defaultsOfCustomers: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('customers').addColumn('defaults', 'text').execute();
  },
};
