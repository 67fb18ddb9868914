import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The key that an upload was sent with, and the right to undo, which keys with the right to upload had so far. */
export const keysOfUploads: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('uploads').addColumn('key_id', 'text').execute();

    const keys = db.withTables<{ api_keys: { id: string; rights: string } }>();
    for (const { id, rights } of await keys.selectFrom('api_keys').select(['id', 'rights']).execute()) {
      const given: readonly string[] = JSON.parse(rights);
      if (!given.includes('upload')) continue;
      const extended = JSON.stringify([...given, 'undo']);
      await keys.updateTable('api_keys').set({ rights: extended }).where('id', '=', id).execute();
    }
  },
};
