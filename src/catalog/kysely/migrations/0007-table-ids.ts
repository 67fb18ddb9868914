import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Tables have IDs. The table store knows those from before by this one. */
const EARLIER_TABLE = '000000000000';

export const tableIds: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('customers').addColumn('table_id', 'text').execute();
    await db.schema
      .alterTable('attempts')
      .addColumn('table_id', 'text', (column) => column.notNull().defaultTo(EARLIER_TABLE))
      .execute();
    await db
      .withTables<{ customers: { table_id: string | null; table_columns: string | null; in_deletion: number } }>()
      .updateTable('customers')
      .set({ table_id: EARLIER_TABLE })
      .where((eb) => eb.or([eb('table_columns', 'is not', null), eb('in_deletion', '=', 1)]))
      .execute();
  },
};
