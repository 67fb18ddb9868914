import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { orderKill, wasCarriedOut, withdrawOrder } from '../../crash/kill-order.ts';
import { Senders, type Sent } from '../../crash/senders.ts';
import { assertTotalRows, endedUploads, whole } from '../../crash/settled.ts';
import { ask } from '../../http/tus-requests.ts';
import { type Random, randomOf } from '../../random.ts';
import { call } from '../../server.ts';
import { until } from '../../until.ts';
import type { ServerProcess } from '../server-process.ts';
import { ClusterContents } from './cluster-contents.ts';
import { CLUSTER_FAILPOINTS } from './cluster-failpoints.ts';
import { type CrashCluster, type CrashNode, startCrashCluster } from './crash-cluster.ts';
import { Watcher } from './watcher.ts';

export interface ClusterReport {
  /** Kills and pauses. */
  readonly faults: Readonly<Record<string, number>>;
  /** Nodes that were killed at the failpoint they were ordered for. */
  readonly atFailpoint: number;
  readonly sent: number;
  readonly acknowledged: number;
  readonly undone: number;
  /** Files that are stored completely although their 202 was lost. */
  readonly unacknowledged: number;
  readonly rows: number;
  /** What those saw who asked all the time. */
  readonly answers: Readonly<Record<string, number>>;
}

const CUSTOMERS = ['ada', 'grace', 'edsger', 'barbara'];
/** How long to wait for a failpoint. */
const MAX_WAIT_MS = 1_500;
/** How long a process stays dead or paused, at most. */
const MAX_AWAY_MS = 2_000;
/** Servers are killed about as often as nodes, which take longer to start. */
const MAX_QUIET_MS = 4_000;
/** After which the other node takes over. */
const LEASE_MS = 20_000;
const MAX_CLEAN_UP_MS = 60_000;

export interface ClusterRunOptions {
  readonly seed: number;
  /** How often a process is killed or paused. */
  readonly faults: number;
  /** Whether nodes are away for longer than others wait for them, now and then. */
  readonly withLongAbsences?: boolean;
}

/**
 * Uploads files to two nodes and undoes some, while nodes, shards and PostgreSQL are killed and paused again and again, and others
 * query. Then compares every file with the answers that its client got. The same seed makes the same choices; timing differs from run to
 * run.
 */
export async function clusterRun(options: ClusterRunOptions): Promise<ClusterReport> {
  const crashCluster = await startCrashCluster();
  const run = new ClusterRun(options, crashCluster);
  try {
    const report = await run.run();
    await crashCluster.remove();
    return report;
  } catch (error) {
    await run.end();
    // The folder is kept for inspection.
    await crashCluster.end();
    const message = `With CRASH_SEED=${options.seed}, logs in ${crashCluster.folder}: ${(error as Error).message}`;
    throw new Error(message, { cause: error });
  }
}

class ClusterRun {
  readonly #options: ClusterRunOptions;
  readonly #cluster: CrashCluster;
  readonly #random: Random;
  readonly #senders: Senders;
  readonly #watcher: Watcher;
  readonly #contents: ClusterContents;
  readonly #faults: Record<string, number> = {};
  #atFailpoint = 0;
  #isUndoing = true;
  #isFailed = false;

  constructor(options: ClusterRunOptions, cluster: CrashCluster) {
    this.#options = options;
    this.#cluster = cluster;
    this.#random = randomOf(options.seed);
    this.#senders = new Senders(this.#random.branch(), CUSTOMERS);
    this.#watcher = new Watcher(
      this.#senders,
      cluster.nodes.map((node) => () => node.url),
    );
    this.#contents = new ClusterContents(cluster.cluster.environment);
  }

  async run(): Promise<ClusterReport> {
    this.#aim();
    const undoing = this.#undoSome(this.#random.branch());
    const servers = [this.#cluster.postgres, ...this.#cluster.shards];
    const half = Math.ceil(this.#options.faults / 2);
    await Promise.all([
      this.#disturbNodes(this.#random.branch(), half),
      this.#disturbServers(this.#random.branch(), servers, this.#options.faults - half),
    ]).catch((error) => {
      this.#isFailed = true;
      throw error;
    });
    this.#isUndoing = false;
    await undoing;
    await this.end();
    return this.#verify();
  }

  async end(): Promise<void> {
    this.#isUndoing = false;
    await this.#senders.stop();
    await this.#watcher.stop();
  }

  #aim(): void {
    this.#senders.aim(...this.#cluster.urls());
  }

  async #disturbNodes(random: Random, times: number): Promise<void> {
    const { nodes } = this.#cluster;
    for (let time = 0; time < times && !this.#isFailed; time++) {
      const node = random.pick(nodes);
      const awayMs = random.integer(MAX_AWAY_MS);
      const isLong = this.#options.withLongAbsences && random.integer(12) === 0;
      const kind = random.pick(['killed', 'killed at a failpoint', 'killed at a failpoint', 'both killed', 'paused']);
      this.#count(`node ${kind}${isLong ? ' for long' : ''}`);
      await delay(random.integer(800));
      if (kind === 'killed at a failpoint') {
        const order = {
          failpoint: random.pick(CLUSTER_FAILPOINTS),
          nth: 1 + random.integer(3),
          victim: 'main',
        } as const;
        await this.#killAtFailpoint(node, order);
      }
      if (kind === 'paused') node.pause();
      else await node.end();
      if (kind === 'both killed') await Promise.all(nodes.map((each) => each.end()));
      this.#aim();
      await delay(isLong ? LEASE_MS : awayMs);
      if (kind === 'paused') await this.#continue(node, isLong === true);
      await Promise.all(nodes.map((each) => each.start()));
      this.#aim();
    }
  }

  /** A node that others have taken for dead stops. */
  async #continue(node: CrashNode, wasLong: boolean): Promise<void> {
    node.resume();
    if (!wasLong) return;
    await until(() => !node.isAlive);
    assert.equal(node.exitCode, 1);
  }

  async #killAtFailpoint(node: CrashNode, order: Parameters<typeof orderKill>[1]): Promise<void> {
    const from = Date.now();
    orderKill(node.orderFile, order);
    while (node.isAlive && Date.now() - from < MAX_WAIT_MS) await delay(10);
    if (wasCarriedOut(node.orderFile)) this.#atFailpoint++;
    withdrawOrder(node.orderFile);
  }

  async #disturbServers(random: Random, servers: readonly ServerProcess[], times: number): Promise<void> {
    for (let time = 0; time < times && !this.#isFailed; time++) {
      const server = random.pick(servers);
      const name = server === this.#cluster.postgres ? 'PostgreSQL' : 'shard';
      const awayMs = random.integer(MAX_AWAY_MS);
      const kind = random.pick(['killed', 'killed', 'paused']);
      this.#count(`${name} ${kind}`);
      await delay(random.integer(MAX_QUIET_MS));
      if (kind === 'paused') server.pause();
      else await server.kill();
      await delay(awayMs);
      if (kind === 'paused') server.resume();
      else await server.start();
    }
  }

  /** Undoes one of eight acknowledged files, or cancels it. */
  async #undoSome(random: Random): Promise<void> {
    const chosen = new Set<Sent>();
    while (this.#isUndoing) {
      await delay(50);
      const file = this.#senders.sent.find(
        (each) => each.number % 8 === 3 && each.uploadId !== null && !chosen.has(each),
      );
      if (!file) continue;
      chosen.add(file);
      await delay(random.integer(300));
      file.isUndone = null;
      while (this.#isUndoing && file.isUndone === null) {
        const url = random.pick(this.#cluster.urls());
        if (url === undefined) await delay(20);
        else file.isUndone = await this.#undo(`${url}/api/v1/uploads/${file.uploadId}`);
      }
    }
  }

  async #undo(address: string): Promise<true | null> {
    const { status, body } = await call(address, { method: 'DELETE' }).catch(() => ({ status: 0, body: null }));
    if (status === 200 && ['cancelled', 'undone'].includes(body.status)) return true;
    assert.ok([0, 503].includes(status), `${address} answers ${status}: ${JSON.stringify(body)}`);
    return null;
  }

  async #verify(): Promise<ClusterReport> {
    const { sent, lost } = this.#senders;
    assert.deepEqual(lost, []);
    assert.deepEqual(this.#watcher.faults, []);
    const [a = '', b = ''] = this.#cluster.urls();
    // Whole resumable files whose clients are gone become uploads when they are requested.
    for (const { id } of await this.#contents.catalog('select id from resumable_files'))
      await ask(`${a}/api/v1/tus/${id}`);
    let rows = 0;
    let unacknowledged = 0;
    for (const customer of CUSTOMERS) {
      const uploads = new Map((await endedUploads(a, customer)).map((upload) => [upload.id, upload]));
      const stored = new Map(await this.#contents.storedFiles(customer));
      let visible = 0;
      for (const file of sent.filter((each) => each.customer === customer)) {
        const found = stored.get(file.number);
        stored.delete(file.number);
        const name = `file ${file.number} of ${customer} (upload ${file.uploadId})`;
        const upload = uploads.get(file.uploadId);
        if (found) assert.deepEqual(found, whole(file.rows), `${name} is not stored exactly once`);
        if (file.refusal !== null) assert.equal(found, undefined, `${name} was refused (${file.refusal})`);
        visible += found ? file.rows : 0;
        if (file.uploadId === null) {
          if (found) unacknowledged++;
          continue;
        }
        assert.ok(upload, `${name} was acknowledged and is missing`);
        const states = file.isUndone === false ? ['complete'] : ['undone', 'cancelled'];
        if (file.isUndone === null) states.push('complete');
        assert.ok(states.includes(upload.status), `${name}: ${JSON.stringify(upload)}`);
        assert.equal(
          found !== undefined,
          upload.status === 'complete',
          `${name} is ${upload.status}: ${JSON.stringify(found)}`,
        );
        if (found) assert.equal(upload.receipt.appended, file.rows);
      }
      assert.deepEqual([...stored], [], `${customer} has rows of no file`);
      for (const url of [a, b]) await assertTotalRows(url, customer, visible);
      rows += visible;
    }
    await this.#assertClean();
    const { answers } = this.#watcher;
    return {
      faults: this.#faults,
      atFailpoint: this.#atFailpoint,
      sent: sent.length,
      acknowledged: sent.filter(({ uploadId }) => uploadId !== null).length,
      undone: sent.filter(({ isUndone }) => isUndone === true).length,
      unacknowledged,
      rows,
      answers,
    };
  }

  /** What dead attempts have left is removed: by the nodes that start next, at the latest. Their tags are kept for an hour. */
  async #assertClean(): Promise<void> {
    for (const node of this.#cluster.nodes) {
      await node.end('SIGTERM');
      await node.start();
    }
    await this.#untilNone('dead attempts', () =>
      this.#contents.catalog('select * from attempts where lost_at is null'),
    );
    await this.#untilNone('tables of no customer', () => this.#contents.strayTables());
    assert.deepEqual(await this.#contents.spooled(), [], 'the spool holds bytes that are no longer needed');
  }

  async #untilNone(what: string, find: () => Promise<readonly unknown[]>): Promise<void> {
    for (const until = Date.now() + MAX_CLEAN_UP_MS; ; await delay(50)) {
      const found = await find();
      if (found.length === 0) return;
      assert.ok(Date.now() < until, `there are ${what} left: ${JSON.stringify(found)}`);
    }
  }

  #count(fault: string): void {
    this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
  }
}
