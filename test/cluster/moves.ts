import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { endWithThis } from '../../harness/end-with-this.ts';
import { inheritedVariables } from '../../harness/thena-process.ts';
import type { MOVE_FAILPOINTS } from '../../src/failpoints.ts';
import { killOrderEnvironment, orderKill, wasCarriedOut } from '../crash/kill-order.ts';
import { call, type RunningThena, startThena } from '../server.ts';
import { type ClusterEnvironment, createCluster } from './create-cluster.ts';
import { type ClusterServers, startClusterServers } from './start-cluster.ts';

const KEY = 'the-key-of-the-administrator';
export const ADMIN = { authorization: `Bearer ${KEY}` };
export const SETTINGS = { THENA_ADMIN_KEY: KEY, THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow' };
const THENA = fileURLToPath(new URL('../../cli/thena.mjs', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

export interface Moves {
  readonly servers: ClusterServers;
  /** The settings of the cluster of this test. */
  cluster: ClusterEnvironment;
  /** Makes an empty folder. */
  dataDir(): string;
  /** Starts `thena move`. */
  start(args: readonly string[], environment?: ClusterEnvironment): ChildProcess;
  /** Runs `thena move`. */
  move(...args: readonly string[]): Promise<Outcome>;
  /** Kills `thena move` when it reaches a failpoint for the nth time. */
  kill(failpoint: (typeof MOVE_FAILPOINTS)[number], nth: number, ...args: readonly string[]): Promise<void>;
  onMachine(dataDir: string): Promise<RunningThena>;
  onCluster(): Promise<RunningThena>;
}

/** Servers for the tests of a file, and a cluster for each test. Whatever a test leaves running is stopped after it. */
export function moves({ shards = 2 } = {}): Moves {
  const running = new Set<RunningThena>();
  let servers: ClusterServers;
  let folder: string;
  before(async () => {
    servers = await startClusterServers({ shards });
    folder = mkdtempSync(join(tmpdir(), 'thena-move-'));
  });
  beforeEach(async () => {
    made.cluster = await createCluster(servers.addresses);
  });
  afterEach(async () => {
    for (const thena of running) await thena.stop();
    running.clear();
  });
  after(async () => {
    await servers.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  async function started(settings: Readonly<Record<string, string>>): Promise<RunningThena> {
    const thena = await startThena({ ...SETTINGS, ...settings });
    running.add(thena);
    return { ...thena, stop: () => (running.delete(thena) ? thena.stop() : Promise.resolve()) };
  }
  const made: Moves = {
    get servers() {
      return servers;
    },
    cluster: {},
    dataDir: () => mkdtempSync(join(folder, 'data-')),
    start(args, environment = {}) {
      const env = { ...inheritedVariables(), HOME: folder, ...made.cluster, ...environment };
      return endWithThis(spawn(process.execPath, [THENA, 'move', ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    },
    move: (...args) => outcomeOf(made.start(args)),
    async kill(failpoint, nth, ...args) {
      const order = join(folder, 'order');
      orderKill(order, { failpoint, nth, victim: 'main' });
      const { output } = await outcomeOf(made.start(args, killOrderEnvironment(order)));
      if (!wasCarriedOut(order)) throw new Error(`${failpoint} was not reached: ${output}`);
    },
    onMachine: (dataDir) => started({ THENA_DATA_DIR: dataDir }),
    onCluster: () => started({ ...made.cluster, THENA_NODE_ID: 'only' }),
  };
  return made;
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let output = '';
  const read = (text: Buffer): void => {
    output += text;
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  const [code] = await once(child, 'close');
  return { code, output };
}

/** A cursor depends on the store. */
const OF_REQUEST: ReadonlySet<string> = new Set(['request_id', 'next_cursor']);

/** @returns the body of an answer of the API, for the administrator */
export async function get({ url }: Pick<RunningThena, 'url'>, path: string) {
  return (await call(`${url}/api/v1${path}`, { headers: ADMIN })).body;
}

/** Everything that can be asked of all customers, without what distinguishes one request from another. */
export async function everything(thena: Pick<RunningThena, 'url'>): Promise<unknown> {
  const answers: Record<string, unknown> = {};
  const ask = async (path: string): Promise<void> => {
    answers[path] = await get(thena, path);
  };
  await ask('/customers?limit=100');
  for (const { id } of (await get(thena, '/customers?limit=100')).items) {
    const paths = [
      '',
      '/keys',
      '/webhooks',
      '/uploads?limit=100',
      '/table',
      '/table/rows',
      '/export.csv',
      '/export.ndjson',
    ];
    for (const path of paths) await ask(`/customers/${id}${path}`);
    for (const upload of (await get(thena, `/customers/${id}/uploads?limit=100`)).items) {
      if (upload.receipt?.rejected > 0 || upload.error?.code === 'rows_rejected')
        await ask(`/uploads/${upload.id}/rejects`);
    }
    for (const analyze_type of ['time_difference', 'total_rows', 'time_span', 'profile']) {
      const json = { customer_id: id, analyze_type };
      const { body } = await call(`${thena.url}/api/v1/analyze/`, { json, headers: ADMIN });
      answers[`${id} ${analyze_type}`] = body.code ?? body;
    }
  }
  return JSON.parse(JSON.stringify(answers, (name, value) => (OF_REQUEST.has(name) ? undefined : value)));
}
