import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The identity of the catalog, and the shards that hold its tables. */
export const shards: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('catalog_identity')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .execute();
    await db
      .withTables<{ catalog_identity: { id: string } }>()
      .insertInto('catalog_identity')
      .values({ id: randomBytes(8).toString('hex') })
      .execute();
    await db.schema
      .createTable('shards')
      .addColumn('position', 'integer', (column) => column.notNull().primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .execute();
  },
};
