import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Resumable files, and where their bytes are. Also names the segments of uploads with their folders in the spool. */
export const resumableFiles: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('resumable_files')
      .addColumn('id', 'text', (column) => column.notNull().primaryKey())
      .addColumn('customer_id', 'text', (column) => column.notNull())
      .addColumn('length', 'bigint', (column) => column.notNull())
      .addColumn('received', 'bigint', (column) => column.notNull().defaultTo(0))
      .addColumn('file', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('changed_at', 'bigint', (column) => column.notNull())
      .addColumn('lease_owner', 'text')
      .addColumn('lease_until', 'bigint')
      .execute();
    await db.schema
      .createIndex('resumable_files_by_customer')
      .on('resumable_files')
      .columns(['customer_id', 'created_at'])
      .execute();

    await db.schema
      .createTable('resumable_chunks')
      .addColumn('file_id', 'text', (column) => column.notNull().references('resumable_files.id').onDelete('cascade'))
      .addColumn('start', 'bigint', (column) => column.notNull())
      .addColumn('bytes', 'bigint', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('resumable_chunks_primary_key', ['file_id', 'start'])
      .execute();

    await nameFolders(db as Kysely<Uploads>);
  },
};

interface Uploads {
  readonly uploads: { readonly id: string; readonly file: string | null };
}

/** The folder of a segment had the name of its upload, so that only the name of the file was stored. */
async function nameFolders(db: Kysely<Uploads>): Promise<void> {
  for (const { id, file } of await db.selectFrom('uploads').select(['id', 'file']).execute()) {
    if (file === null) continue;
    const received: { readonly segments: readonly { readonly path: string }[] } = JSON.parse(file);
    const segments = received.segments.map((segment) => ({ ...segment, path: `${id}/${segment.path}` }));
    await db
      .updateTable('uploads')
      .set({ file: JSON.stringify({ ...received, segments }) })
      .where('id', '=', id)
      .execute();
  }
}
