import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { type RunningThena, startThena } from '../server.ts';
import { CLUSTER, type ClickhouseServers, NO_CLICKHOUSE, startClickhouse } from './clickhouse-server.ts';
import { type ClusterEnvironment, createCluster, type ServerAddresses } from './create-cluster.ts';
import { NO_POSTGRES, type PostgresServer, startPostgres } from './postgres-server.ts';

/** Why there is no cluster on this platform; null if there is one. */
export const NO_CLUSTER: string | null = NO_POSTGRES ?? NO_CLICKHOUSE;

export interface ServerOptions {
  readonly shards?: number;
  /** For the files of the servers and the spools. Default: in memory, if there is room, and the spools on disk. */
  readonly folder?: string;
}

/** Real servers for any number of clusters. */
export interface ClusterServers {
  readonly postgres: PostgresServer;
  readonly clickhouse: ClickhouseServers;
  readonly addresses: ServerAddresses;
  remove(): Promise<void>;
}

export async function startClusterServers({ shards = 2, folder: parent }: ServerOptions = {}): Promise<ClusterServers> {
  const [postgres, clickhouse] = await Promise.all([
    startPostgres('newest', parent),
    startClickhouse({ shards, folder: parent }),
  ]);
  const folder = mkdtempSync(join(parent ?? tmpdir(), 'thena-spool-'));
  const addresses = {
    postgres: await postgres.createDatabase(),
    clickhouse: clickhouse.urls,
    shards: shards > 1 ? CLUSTER : null,
    folder,
  };
  return {
    postgres,
    clickhouse,
    addresses,
    async remove() {
      await Promise.all([postgres.remove(), clickhouse.remove()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Settings = Readonly<Record<string, string>>;

export interface TestCluster {
  readonly servers: ClusterServers;
  readonly environment: ClusterEnvironment;
  /** Starts a node in this process. */
  startNode(id: string, settings?: Settings): Promise<RunningThena>;
  /** Starts a node as a process of its own, which can be killed and paused. */
  startNodeProcess(id: string, settings?: Settings): Promise<ThenaProcess>;
  /** Stops the nodes and the servers, and removes their files. */
  close(): Promise<void>;
}

/** Starts the servers of a cluster, without nodes. */
export async function startCluster(options: { readonly shards?: number } = {}): Promise<TestCluster> {
  const servers = await startClusterServers(options);
  const environment = await createCluster(servers.addresses);
  const folder = mkdtempSync(join(tmpdir(), 'thena-nodes-'));
  const stops: (() => Promise<void>)[] = [];
  return {
    servers,
    environment,
    async startNode(id, settings) {
      const node = await startThena({ ...environment, THENA_NODE_ID: id, ...settings });
      stops.push(() => node.close());
      return node;
    },
    async startNodeProcess(id, settings) {
      const dataDir = mkdtempSync(join(folder, 'node-'));
      const node = await startThenaProcess(dataDir, [], { ...environment, THENA_NODE_ID: id, ...settings });
      stops.push(() => node.end('SIGKILL'));
      return node;
    },
    async close() {
      await Promise.allSettled(stops.map((stop) => stop()));
      await servers.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
