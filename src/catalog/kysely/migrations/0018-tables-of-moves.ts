import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tables that a move into this catalog makes. Of one that is in progress, those of the customers that are there. */
export const tablesOfMoves: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('move_tables')
      .addColumn('customer_id', 'text', (column) => column.notNull())
      .addColumn('table_id', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('move_tables_key', ['customer_id', 'table_id'])
      .execute();
    await sql`insert into move_tables (customer_id, table_id)
      select id, table_id from customers where table_id is not null and exists (select 1 from moves)`.execute(db);
  },
};
