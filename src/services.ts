import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Presence } from './catalog/node.ts';
import type { Config } from './config.ts';
import { duckdbCsvReader } from './csv-reader/duckdb/duckdb-csv-reader.ts';
import { type DataDir, takeDataDir } from './data-dir.ts';
import { diagnosis } from './diagnosis.ts';
import { openEmbeddedStores } from './embedded-stores.ts';
import { EngineClient } from './engine/engine-client.ts';
import type { Observe } from './events.ts';
import { accessToFinish } from './http/access/access.ts';
import { buildServer } from './http/server.ts';
import { announcedUpload } from './http/webhooks/webhook-json.ts';
import { startIngest } from './ingest/ingest.ts';
import { openSpool } from './ingest/spool/open-spool.ts';
import { awaitPredecessor, type OwnProcess } from './ingest/upkeep/predecessor.ts';
import { metricsText } from './metrics.ts';
import { refuseDuringMove } from './move/move-registration.ts';
import { readiness } from './readiness.ts';
import type { Stores } from './stores.ts';
import { takeSpool } from './take-spool.ts';
import { startWebhooks } from './webhooks/webhooks.ts';

/** Connections that wait to be accepted, if the system's own limit is not lower. Beyond it, clients may see a reset. */
const MAX_WAITING_CONNECTIONS = 4096;
/** In the npm package, this file is in `dist/src`. */
const IS_COMPILED = !import.meta.url.endsWith('.ts');
/** `npm start` builds the page in `dist/page`. */
const PAGE_DIRECTORY = fileURLToPath(new URL(IS_COMPILED ? '../page/' : '../dist/page/', import.meta.url));
const PACKAGE = new URL(IS_COMPILED ? '../../package.json' : '../package.json', import.meta.url);
const { version: VERSION }: { readonly version: string } = JSON.parse(readFileSync(PACKAGE, 'utf8'));

export interface Services {
  /** Base URL of the server, without a trailing slash. */
  readonly url: string;
  /** Resolves when others take over what this node has, and it has to stop. */
  readonly ended: Promise<Exclude<Presence, 'alive'>>;
  /** Finishes requests in progress, stops the loads, and releases all files, ports and processes. */
  close(): Promise<void>;
}

/**
 * Starts all parts with their adapters and listens. The only file that names concrete adapters.
 *
 * @param own null: no other process is ever the same node
 */
export async function startServices(
  config: Config,
  observe: Observe,
  own: OwnProcess | null = null,
): Promise<Services> {
  const data = takeDataDir(config.dataDir);
  // In a cluster, the data folder only has temporary files.
  const tableDirectories = config.cluster ? [] : [data.folder('tables')];
  const tempDirectory = data.folder('tmp');
  // Exports left by a crash were being sent to clients that have since disconnected.
  const exportDirectory = data.emptyFolder('tmp/exports');
  const ended = Promise.withResolvers<Exclude<Presence, 'alive'>>();
  const closing: (() => unknown)[] = [() => data.release()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        // A catalog that is away, for instance, cannot note the end: others find out. The other parts end nevertheless.
        observe({ kind: 'background_failed', task: 'shutdown', error: error as Error });
      }
    }
  };
  try {
    const instanceId = randomUUID();
    const place = await openSpool({
      url: config.cluster?.spoolUrl ?? null,
      local: config.dataDir,
      instance: instanceId,
      cacheBytes: config.spoolCacheBytes,
      reserveBytes: config.diskReserveBytes,
    });
    closing.push(() => place.close());
    const engine = new EngineClient(
      {
        directories: [...tableDirectories, ...place.segmentFolders, exportDirectory],
        tempDirectory,
        memoryBytes: config.engineMemoryBytes,
        threads: config.engineThreads,
        openTables: config.openTables,
      },
      observe,
    );
    closing.push(() => engine.close());
    await engine.start();
    const stores = await openStores(config, data, engine, exportDirectory);
    closing.push(() => stores.close());
    const { catalog, tables } = stores;
    const instance = { nodeId: catalog.isShared ? config.nodeId : 'embedded', instanceId, version: VERSION };
    await refuseDuringMove(catalog);
    if (config.cluster) await takeSpool(catalog, place, config.cluster);
    if (own && catalog.isShared) await awaitPredecessor({ catalog, nodeId: config.nodeId, own, observe });
    const ingest = await startIngest({
      catalog,
      instance,
      process: own && { host: own.host, pid: own.pid },
      onEnd: ended.resolve,
      tables,
      csvReader: duckdbCsvReader(engine),
      observe,
      accessToFinish,
      place,
      settings: config,
    });
    closing.push(() => ingest.close());
    const webhooks = startWebhooks({
      catalog,
      instanceId: instance.instanceId,
      observe,
      uploadJson: announcedUpload,
      settings: config,
    });
    closing.push(() => webhooks.close());
    const needed = {
      'the catalog': () => catalog.ping(),
      'the engine': (signal: AbortSignal) => engine.call('ping', null, { signal }),
    };
    const others = { ...stores.checks, 'the spool': () => place.ping() };
    const server = await buildServer({
      config,
      catalog,
      tables,
      exportDirectory,
      ingest,
      webhooks,
      ready: readiness({ needed, others }),
      diagnose: diagnosis({ version: VERSION, checks: { ...needed, ...others }, catalog, instance }),
      metrics: metricsText,
      pageDirectory: PAGE_DIRECTORY,
      observe,
    });
    closing.push(() => server.close());
    closing.push(() => catalog.stopWaiting());
    const url = await server.listen({ host: config.host, port: config.port, backlog: MAX_WAITING_CONNECTIONS });
    return { url, close, ended: ended.promise };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStores(config: Config, data: DataDir, engine: EngineClient, exports: string): Promise<Stores> {
  const { cluster } = config;
  if (!cluster) return openEmbeddedStores({ data, engine, exports, settings: config });
  // What it needs takes time to load.
  const { openClusterStores } = await import('./cluster-stores.ts');
  return openClusterStores({ cluster, engine, exports, settings: config });
}
