import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, type Migration, Migrator } from 'kysely/migration';
import { SettingError } from '../../config.ts';
import type { CatalogTables } from '../catalog-tables.ts';
import { firstTables } from './0001-first-tables.ts';

/** In the order of their names. One that was ever released is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first-tables': firstTables,
};

/**
 * Brings a catalog's tables up to date: all of the way, or not at all.
 *
 * @param name what the catalog is called in an error
 * @throws SettingError where a newer Thena made the catalog
 */
export async function migrate(db: Kysely<CatalogTables>, name: string): Promise<void> {
  await refuseNewer(db, name);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error;
}

async function refuseNewer(db: Kysely<CatalogTables>, name: string): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === DEFAULT_MIGRATION_TABLE)) return;
  const done = await db
    .withTables<{ [DEFAULT_MIGRATION_TABLE]: { readonly name: string } }>()
    .selectFrom(DEFAULT_MIGRATION_TABLE)
    .select('name')
    .orderBy('name')
    .execute();
  const unknown = done.find((migration) => !Object.hasOwn(MIGRATIONS, migration.name));
  if (!unknown) return;
  throw new SettingError(
    `The catalog ${name} was made by a newer Thena: it has '${unknown.name}', which this one does not know. Start the newer Thena, or one on another catalog.`,
  );
}
