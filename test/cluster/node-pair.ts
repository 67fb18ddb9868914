import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { readConfig } from '../../src/config.ts';
import { duckdbCsvReader } from '../../src/csv-reader/duckdb/duckdb-csv-reader.ts';
import { diagnosis } from '../../src/diagnosis.ts';
import { EngineClient } from '../../src/engine/engine-client.ts';
import type { Observation } from '../../src/events.ts';
import { accessToFinish } from '../../src/http/access/access.ts';
import { buildServer } from '../../src/http/server.ts';
import { announcedUpload } from '../../src/http/webhooks/webhook-json.ts';
import { startIngest } from '../../src/ingest/ingest.ts';
import { openSpool } from '../../src/ingest/spool/open-spool.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { TableStore } from '../../src/table-store/table-store.ts';
import { startWebhooks } from '../../src/webhooks/webhooks.ts';
import { Pausable } from './pausable.ts';

/** Longer than any test but one needs. */
const HOLDER_MS = 5_000;

export interface Node {
  /** Without a trailing slash. */
  readonly url: string;
  readonly catalog: Catalog;
  readonly observations: readonly Observation[];
  close(): Promise<void>;
}

export interface NodePair {
  readonly a: Node;
  readonly b: Node;
  /** The folder of the spool, if it is one that both share. */
  readonly spool: string;
  close(): Promise<void>;
}

/**
 * Starts two nodes in this process that share the catalog, the tables and the spool, and nothing else. Neither of them
 * restarts, so that they can use one engine.
 *
 * @param connect opens the catalog, once for each node
 * @param spoolUrl default: a folder of the pair
 */
export async function startNodePair(
  connect: (folder: string) => Promise<Catalog>,
  settings: Readonly<Record<string, string>> = {},
  spoolUrl: string | null = null,
): Promise<NodePair> {
  const place = await openSharedPlace(settings, spoolUrl);
  const closing: (() => unknown)[] = [() => place.close()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const { folder } = place;
    const [a, b] = [
      await startNode('a', await connect(folder), place),
      await startNode('b', await connect(folder), place),
    ];
    closing.push(
      () => a.close(),
      () => b.close(),
    );
    return { a, b, spool: join(place.shared, 'spool'), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What nodes share, except for the catalog. */
export interface SharedPlace {
  /** Contains all of the others. */
  readonly folder: string;
  readonly config: ReturnType<typeof readConfig>;
  readonly engine: EngineClient;
  readonly tables: string;
  readonly temp: string;
  /** The folder of the spool, unless it is in a bucket. */
  readonly shared: string;
  readonly spoolUrl: string;
  close(): Promise<void>;
}

export async function openSharedPlace(
  settings: Readonly<Record<string, string>> = {},
  spoolUrl: string | null = null,
): Promise<SharedPlace> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-pair-'));
  const [tables, shared, temp] = ['tables', 'shared', 'tmp'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string];
  const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: folder, ...settings });
  const engine = new EngineClient(
    {
      directories: [folder],
      tempDirectory: temp,
      memoryBytes: config.engineMemoryBytes,
      threads: config.engineThreads,
      openTables: config.openTables,
    },
    () => undefined,
  );
  await engine.start();
  return {
    folder,
    config,
    engine,
    tables,
    temp,
    shared,
    spoolUrl: spoolUrl ?? pathToFileURL(shared).href,
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Starts a node.
 *
 * @param paused lets a test pause what the node does with the catalog and the tables
 */
export async function startNode(
  nodeId: string,
  connected: Catalog,
  { folder, config, engine, spoolUrl, ...folders }: SharedPlace,
  paused: Pausable = new Pausable(),
): Promise<Node> {
  const catalog = paused.wrap(connected);
  const instance = { nodeId, instanceId: randomUUID() };
  const place = await openSpool({
    url: spoolUrl,
    local: mkdtempSync(join(folder, `${nodeId}-`)),
    instance: instance.instanceId,
    cacheBytes: config.spoolCacheBytes,
    reserveBytes: config.diskReserveBytes,
  });
  const observations: Observation[] = [];
  const observe = (observation: Observation): void => void observations.push(observation);
  const store = duckdbTableStore(engine, {
    tables: folders.tables,
    exports: folders.temp,
    reserveBytes: config.diskReserveBytes,
    quantileBytes: config.engineMemoryBytes,
  });
  const wrapped = paused.wrap(store);
  const tables: TableStore = {
    ...wrapped,
    begin: async (load) => paused.wrap(await wrapped.begin(load)),
    // A generator.
    export: store.export,
  };
  const csvReader = duckdbCsvReader(engine);
  const ingest = await startIngest({
    holderMs: HOLDER_MS,
    catalog,
    instance,
    onEnd: () => undefined,
    tables,
    csvReader,
    observe,
    accessToFinish,
    place,
    settings: config,
  });
  const webhooks = startWebhooks({
    catalog,
    instanceId: instance.instanceId,
    observe,
    uploadJson: announcedUpload,
    settings: config,
  });
  const server = await buildServer({
    config,
    catalog,
    tables,
    exportDirectory: folders.temp,
    ingest,
    webhooks,
    ready: () => catalog.ping().then(() => []),
    diagnose: diagnosis({ version: 'test', checks: {}, catalog, instance }),
    metrics: async () => '',
    pageDirectory: folders.temp,
    observe,
  });
  const url = await server.listen({ host: config.host, port: config.port });
  return {
    url,
    catalog,
    observations,
    async close() {
      await server.close();
      await webhooks.close();
      await ingest.close();
      await catalog.close();
      place.close();
    },
  };
}
