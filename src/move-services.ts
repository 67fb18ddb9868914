import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ClusterSettings, withoutSecrets } from './cluster-settings.ts';
import { openClusterStores } from './cluster-stores.ts';
import type { Config } from './config.ts';
import { takeDataDir } from './data-dir.ts';
import { openEmbeddedStores } from './embedded-stores.ts';
import { EngineClient } from './engine/engine-client.ts';
import { openSpool } from './ingest/spool/open-spool.ts';
import { moveData } from './move/move-data.ts';
import { keepNodesAway } from './move/move-registration.ts';
import type { MoveDeps, MoveSide } from './move/move-sides.ts';
import { SettingError } from './setting-error.ts';
import { fileChecksums } from './table-store/duckdb/duckdb-table-copies.ts';
import { takeSpool } from './take-spool.ts';

const FOLDER_ADVICE =
  'Also a source has to be writable, on a disk with room for temporary files of about 200 MB, by the user that runs the move.';

export interface MoveRequest {
  /** The data folder. The other side is the cluster of the settings. */
  readonly folder: string;
  readonly into: 'cluster' | 'folder';
}

/**
 * Opens both sides and moves all data. Nodes of the cluster do not start meanwhile, and the data folder is locked.
 *
 * @throws SettingError if a side is in use, missing, or not as needed
 */
export async function runMove(
  config: Config,
  { folder: path, into }: MoveRequest,
  options: Pick<MoveDeps, 'report' | 'onProgress' | 'signal'>,
): Promise<void> {
  const { cluster } = config;
  if (!cluster)
    throw new SettingError(
      'A move needs the settings of a cluster: THENA_DATABASE_URL and the others of docs/cluster.md.',
    );
  const folder = resolve(path);
  if (into === 'cluster' && !existsSync(join(folder, 'catalog.sqlite'))) {
    throw new SettingError(`${folder} has no data of Thena: it has no catalog.sqlite.`);
  }
  const closing: (() => unknown)[] = [];
  try {
    const { embedded, clustered, exports, engine } = await openSides(config, cluster, folder, closing);
    const registration = await keepNodesAway(clustered.catalog);
    closing.push(registration.end);
    const { confirm } = registration;
    const signal = AbortSignal.any([options.signal, registration.signal]);
    const [source, target] = into === 'cluster' ? [embedded, clustered] : [clustered, embedded];
    await refuseMoveInto(source);
    const checksums = fileChecksums(engine);
    await moveData({ ...options, source, target, checksums, directory: exports, confirm, signal });
  } finally {
    for (const end of closing.reverse()) await end();
  }
}

async function openSides(config: Config, cluster: ClusterSettings, folder: string, closing: (() => unknown)[]) {
  const data = takeDataDir(folder, FOLDER_ADVICE);
  closing.push(() => data.release());
  const exports = data.emptyFolder('tmp/exports');
  const spool = { instance: randomUUID(), cacheBytes: config.spoolCacheBytes, reserveBytes: config.diskReserveBytes };
  const local = await openSpool({ ...spool, url: null, local: folder });
  closing.push(() => local.close());
  const copies = data.emptyFolder('tmp/move');
  closing.push(() => rmSync(copies, { recursive: true, force: true }));
  const shared = await openSpool({ ...spool, url: cluster.spoolUrl, local: copies });
  closing.push(() => shared.close());
  const engine = new EngineClient(
    {
      directories: [data.folder('tables'), exports],
      tempDirectory: data.folder('tmp'),
      memoryBytes: config.engineMemoryBytes,
      threads: config.engineThreads,
      openTables: config.openTables,
    },
    () => undefined,
  );
  closing.push(() => engine.close());
  await engine.start();
  const clusterStores = await openClusterStores({ cluster, engine, exports, settings: config });
  closing.push(() => clusterStores.close());
  await takeSpool(clusterStores.catalog, shared, cluster);
  const embeddedStores = await openEmbeddedStores({ data, engine, exports, settings: config });
  closing.push(() => embeddedStores.close());
  const embedded: MoveSide = { name: folder, place: local, ...embeddedStores };
  const clustered: MoveSide = { name: withoutSecrets(cluster.databaseUrl), place: shared, ...clusterStores };
  return { embedded, clustered, exports, engine };
}

async function refuseMoveInto({ name, catalog }: MoveSide): Promise<void> {
  const move = await catalog.copies.move();
  if (move) throw new SettingError(`The move from ${move.source} into ${name} has not ended: ${name} is not complete.`);
}
