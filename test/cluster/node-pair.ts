import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Catalog } from '../../src/catalog/catalog.ts';
import type { NodeInstance } from '../../src/catalog/node.ts';
import { readConfig } from '../../src/config.ts';
import { duckdbCsvReader } from '../../src/csv-reader/duckdb/duckdb-csv-reader.ts';
import { EngineClient } from '../../src/engine/engine-client.ts';
import type { Observation } from '../../src/events.ts';
import { accessToFinish } from '../../src/http/access/access.ts';
import { buildServer } from '../../src/http/server.ts';
import { announcedUpload } from '../../src/http/webhooks/webhook-json.ts';
import { startIngest } from '../../src/ingest/ingest.ts';
import { openSpool } from '../../src/ingest/spool/open-spool.ts';
import type { SpoolPlace } from '../../src/ingest/spool/spool.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { startWebhooks } from '../../src/webhooks/webhooks.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'thena-pair-'));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const [tables, shared, temp, ownOfA, ownOfB] = ['tables', 'shared', 'tmp', 'a', 'b'].map((name) => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    }) as [string, string, string, string, string];
    const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: folder, ...settings });
    const sizes = { cacheBytes: config.spoolCacheBytes, reserveBytes: config.diskReserveBytes };
    const url = spoolUrl ?? pathToFileURL(shared).href;
    const [instanceA, instanceB] = [randomUUID(), randomUUID()];
    const [placeOfA, placeOfB] = [
      await openSpool({ url, local: ownOfA, instance: instanceA, ...sizes }),
      await openSpool({ url, local: ownOfB, instance: instanceB, ...sizes }),
    ];
    closing.push(
      () => placeOfA.close(),
      () => placeOfB.close(),
    );
    const engine = new EngineClient(
      {
        directories: [tables, ...placeOfA.segmentFolders, ...placeOfB.segmentFolders, temp],
        tempDirectory: temp,
        memoryBytes: config.engineMemoryBytes,
        threads: config.engineThreads,
        openTables: config.openTables,
      },
      () => undefined,
    );
    closing.push(() => engine.close());
    await engine.start();
    const parts = { config, engine, tables, temp };
    const instances = [
      { nodeId: 'a', instanceId: instanceA },
      { nodeId: 'b', instanceId: instanceB },
    ] as const;
    const a = await startNode(instances[0], await connect(folder), placeOfA, parts);
    const b = await startNode(instances[1], await connect(folder), placeOfB, parts);
    closing.push(
      () => a.close(),
      () => b.close(),
    );
    return { a, b, spool: join(shared, 'spool'), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly config: ReturnType<typeof readConfig>;
  readonly engine: EngineClient;
  readonly tables: string;
  readonly temp: string;
}

async function startNode(
  instance: NodeInstance,
  catalog: Catalog,
  place: SpoolPlace,
  { config, engine, ...folders }: Parts,
): Promise<Node> {
  const observations: Observation[] = [];
  const observe = (observation: Observation): void => void observations.push(observation);
  const tables = duckdbTableStore(engine, {
    tables: folders.tables,
    exports: folders.temp,
    reserveBytes: config.diskReserveBytes,
    quantileBytes: config.engineMemoryBytes,
  });
  const csvReader = duckdbCsvReader(engine);
  const ingest = await startIngest({
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
    ready: () => catalog.ping(),
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
    },
  };
}
