import type { Kysely } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, type Migration, Migrator } from 'kysely/migration';
import { SettingError } from '../../../setting-error.ts';
import type { CatalogTables } from '../catalog-tables.ts';
import { firstTables } from './0001-first-tables.ts';
import { keysOfUploads } from './0002-keys-of-uploads.ts';
import { defaultsOfCustomers } from './0003-defaults-of-customers.ts';
import { columnUsesOfUploads } from './0004-column-uses-of-uploads.ts';
import { sessions } from './0005-sessions.ts';
import { webhooks } from './0006-webhooks.ts';
import { tableIds } from './0007-table-ids.ts';
import { requestsAndProgress } from './0008-requests-and-progress.ts';
import { parallelWrites } from './0009-parallel-writes.ts';
import { resumableFiles } from './0010-resumable-files.ts';
import { nodes } from './0011-nodes.ts';
import { moves } from './0012-moves.ts';
import { shards } from './0013-shards.ts';
import { upkeep } from './0014-upkeep.ts';
import { nodeProcesses } from './0015-node-processes.ts';
import { nodeVersions } from './0016-node-versions.ts';
import { spoolIdentity } from './0017-spool-identity.ts';
import { tablesOfMoves } from './0018-tables-of-moves.ts';

/** In the order of their names. A released migration is never changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first-tables': firstTables,
  '0002-keys-of-uploads': keysOfUploads,
  '0003-defaults-of-customers': defaultsOfCustomers,
  '0004-column-uses-of-uploads': columnUsesOfUploads,
  '0005-sessions': sessions,
  '0006-webhooks': webhooks,
  '0007-table-ids': tableIds,
  '0008-requests-and-progress': requestsAndProgress,
  '0009-parallel-writes': parallelWrites,
  '0010-resumable-files': resumableFiles,
  '0011-nodes': nodes,
  '0012-moves': moves,
  '0013-shards': shards,
  '0014-upkeep': upkeep,
  '0015-node-processes': nodeProcesses,
  '0016-node-versions': nodeVersions,
  '0017-spool-identity': spoolIdentity,
  '0018-tables-of-moves': tablesOfMoves,
};

/**
 * Brings the schema of a catalog up to date, completely or not at all.
 *
 * @param name of the catalog in error messages
 * @throws SettingError if the catalog was created by a newer version of Thena
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
    `The catalog ${name} was created by a newer version of Thena: it contains the unknown migration '${unknown.name}'. Start the newer version.`,
  );
}
