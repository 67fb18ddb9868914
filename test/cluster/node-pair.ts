import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { readConfig } from '../../src/config.ts';
import { duckdbCsvReader } from '../../src/csv-reader/duckdb/duckdb-csv-reader.ts';
import { EngineClient } from '../../src/engine/engine-client.ts';
import type { Observation } from '../../src/events.ts';
import { accessToFinish } from '../../src/http/access/access.ts';
import { buildServer } from '../../src/http/server.ts';
import { announcedUpload } from '../../src/http/webhooks/webhook-json.ts';
import { startIngest } from '../../src/ingest/ingest.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import { startWebhooks } from '../../src/webhooks/webhooks.ts';

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
  /** The folder of the spool. */
  readonly spool: string;
  close(): Promise<void>;
}

/**
 * Starts two nodes in this process that share the catalog, the tables and the spool, and nothing else. Neither of them
 * restarts, so that they can use one engine.
 *
 * @param connect opens the catalog, once for each node
 */
export async function startNodePair(
  connect: (folder: string) => Promise<Catalog>,
  settings: Readonly<Record<string, string>> = {},
): Promise<NodePair> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-pair-'));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const [tables, spool, rejects, resumable, temp] = ['tables', 'spool', 'rejects', 'resumable', 'tmp'].map((name) => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    }) as [string, string, string, string, string];
    const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: folder, ...settings });
    const directories = { tables, spool, rejects, resumable, temp };
    const engine = new EngineClient(
      {
        directories: [tables, spool, temp],
        tempDirectory: temp,
        memoryBytes: config.engineMemoryBytes,
        threads: config.engineThreads,
        openTables: config.openTables,
      },
      () => undefined,
    );
    closing.push(() => engine.close());
    await engine.start();
    const parts = { config, engine, directories };
    const [a, b] = [
      await startNode('a', await connect(folder), parts),
      await startNode('b', await connect(folder), parts),
    ];
    closing.push(
      () => a.close(),
      () => b.close(),
    );
    return { a, b, spool, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Parts {
  readonly config: ReturnType<typeof readConfig>;
  readonly engine: EngineClient;
  readonly directories: Readonly<Record<'tables' | 'spool' | 'rejects' | 'resumable' | 'temp', string>>;
}

async function startNode(nodeId: string, catalog: Catalog, { config, engine, directories }: Parts): Promise<Node> {
  const observations: Observation[] = [];
  const observe = (observation: Observation): void => void observations.push(observation);
  const tables = duckdbTableStore(engine, {
    tables: directories.tables,
    exports: directories.temp,
    reserveBytes: config.diskReserveBytes,
    quantileBytes: config.engineMemoryBytes,
  });
  const csvReader = duckdbCsvReader(engine);
  const instance = { nodeId, instanceId: randomUUID() };
  const ingest = await startIngest({
    holderMs: HOLDER_MS,
    catalog,
    instance,
    onEnd: () => undefined,
    tables,
    csvReader,
    observe,
    accessToFinish,
    directories,
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
    exportDirectory: directories.temp,
    ingest,
    webhooks,
    ready: () => catalog.ping(),
    metrics: async () => '',
    pageDirectory: directories.temp,
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
