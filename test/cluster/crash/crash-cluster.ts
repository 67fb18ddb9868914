import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startThenaProcess, type ThenaProcess } from '../../../harness/thena-process.ts';
import { killOrderEnvironment, withdrawOrder } from '../../crash/kill-order.ts';
import type { ClusterEnvironment } from '../create-cluster.ts';
import type { ServerProcess } from '../server-process.ts';
import { startCluster, type TestCluster } from '../start-cluster.ts';

/** Their clocks are ten minutes apart, which must not matter. */
const CLOCK_SHIFTS_MS = { a: 300_000, b: -300_000 } as const;
const NODE_IDS = ['a', 'b'] as const;
const CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;
/** A node refuses to start while a server is down. */
const MAX_STARTS = 20;

/** A node as a process of its own, which is started again on the same folder after it was killed. */
export class CrashNode {
  readonly id: (typeof NODE_IDS)[number];
  /** Where the test orders it to die at a failpoint. */
  readonly orderFile: string;
  readonly reachedFile: string;
  readonly logFile: string;
  readonly #dataDir: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: ThenaProcess | null = null;

  constructor(id: (typeof NODE_IDS)[number], folder: string, settings: Readonly<Record<string, string>>) {
    this.id = id;
    this.#dataDir = join(folder, id);
    this.orderFile = join(folder, `${id}.order`);
    this.logFile = join(folder, `${id}.log`);
    this.reachedFile = join(folder, `${id}.reached`);
    this.#settings = { THENA_NODE_ID: id, ...settings };
  }

  /** Null while it is down. */
  get url(): string | null {
    return this.isAlive ? (this.#process?.url ?? null) : null;
  }

  get pid(): number {
    return this.#process?.child.pid as number;
  }

  get isAlive(): boolean {
    const child = this.#process?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** The code with which it ended; null if it runs, or was killed. */
  get exitCode(): number | null {
    return this.#process?.child.exitCode ?? null;
  }

  /** Starts it unless it runs. */
  async start(): Promise<string> {
    const orders = killOrderEnvironment(this.orderFile, this.reachedFile);
    const environment = {
      ...orders,
      NODE_OPTIONS: `${orders.NODE_OPTIONS} --import=${CLOCK}`,
      CLOCK_SHIFT_MS: `${CLOCK_SHIFTS_MS[this.id]}`,
      ...this.#settings,
    };
    for (let starts = 1; !this.isAlive; starts++) {
      try {
        this.#process = await startThenaProcess(this.#dataDir, [], environment);
        this.#process.child.stdout?.on('data', (text: Buffer) => appendFileSync(this.logFile, text));
      } catch (error) {
        // A server was down for too long, or it was killed during the start.
        if (starts >= MAX_STARTS) throw error;
      }
    }
    return this.url ?? '';
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.end(signal);
  }

  pause(): void {
    this.#process?.child.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.child.kill('SIGCONT');
  }
}

/** Two nodes, PostgreSQL and the shards of ClickHouse: each a process that tests kill, pause and start again. */
export interface CrashCluster {
  readonly cluster: TestCluster;
  readonly nodes: readonly [CrashNode, CrashNode];
  readonly postgres: ServerProcess;
  readonly shards: readonly ServerProcess[];
  /** Has the logs of the nodes. */
  readonly folder: string;
  /** The addresses of the nodes that are running. */
  urls(): readonly string[];
  /** Ends all processes. */
  end(): Promise<void>;
  /** The same, and removes the files. */
  remove(): Promise<void>;
}

/** @param settings of the nodes, for those that are not the cluster's */
export async function startCrashCluster(
  settings: (environment: ClusterEnvironment) => Promise<Readonly<Record<string, string>>> = async () => ({}),
): Promise<CrashCluster> {
  const cluster = await startCluster();
  const changed = await settings(cluster.environment);
  const folder = mkdtempSync(join(tmpdir(), 'thena-crash-cluster-'));
  const [a, b] = NODE_IDS.map((id) => new CrashNode(id, folder, { ...cluster.environment, ...changed }));
  if (!a || !b) throw new Error('two nodes are needed');
  const nodes = [a, b] as const;
  const end = async (): Promise<void> => {
    for (const { orderFile } of nodes) withdrawOrder(orderFile);
    await Promise.allSettled(nodes.map((node) => node.end()));
    await cluster.close();
  };
  await Promise.all(nodes.map((node) => node.start())).catch(async (error) => {
    await end();
    throw error;
  });
  const { postgres, clickhouse } = cluster.servers;
  return {
    cluster,
    nodes,
    postgres,
    shards: clickhouse.shards,
    urls: () => nodes.flatMap(({ url }) => url ?? []),
    folder,
    end,
    async remove() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
