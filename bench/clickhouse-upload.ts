/**
 * Uploads the same file to a node of a cluster, from the first byte to rows that can be queried, and with curl to ClickHouse's own
 * `INSERT … FORMAT CSVWithNames`, alternately, on servers of the tests. With `--shards 2` also to a node of a cluster of two shards. Prints how much
 * processor time each way takes where. All of them share the processors of this machine; with `--apart`, ClickHouse has the first one alone, as if it were
 * another machine. Linux only.
 *
 *   npm run bench:clickhouse-upload -- [--rows 5000000] [--rounds 5] [--shards 1] [--files disk | memory] [--apart]
 */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { familyTimes } from '../harness/processor-time.ts';
import { writeSample } from '../harness/sample-file.ts';
import { startThenaProcess, type ThenaProcess } from '../harness/thena-process.ts';
import { createCluster } from '../test/cluster/create-cluster.ts';
import { type ClusterServers, startClusterServers } from '../test/cluster/start-cluster.ts';
import { median, upload } from './measure.ts';

const run = promisify(execFile);
const RAW_TABLE =
  'CREATE TABLE raw (occurred_at DateTime64(6), event_id Int64, event_type LowCardinality(String), country LowCardinality(String), amount Float64) ENGINE = MergeTree ORDER BY tuple()';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    rounds: { type: 'string', default: '5' },
    shards: { type: 'string', default: '1' },
    files: { type: 'string', default: 'disk' },
    apart: { type: 'boolean', default: false },
  },
});
const [rows, rounds, shards] = [values.rows, values.rounds, values.shards].map(Number) as [number, number, number];
const folder = mkdtempSync(join(values.files === 'memory' ? '/dev/shm' : tmpdir(), 'thena-bench-'));
// PostgreSQL may run as another user.
chmodSync(folder, 0o755);

/** Where processor time is spent. */
const PARTS = ['node', 'PostgreSQL', 'ClickHouse'] as const;
type Spent = Readonly<Record<(typeof PARTS)[number], number>>;
interface Measured extends Spent {
  readonly ms: number;
}
interface Cluster {
  readonly servers: ClusterServers;
  readonly node: ThenaProcess;
}

const clusters: Cluster[] = [];
try {
  const file = join(folder, 'events.csv');
  await writeSample(rows, file);
  // What is started from here on inherits it.
  if (values.apart) runOn(process.pid, `1-${availableParallelism() - 1}`);
  const bytes = statSync(file).size;
  for (const count of shards > 1 ? [1, shards] : [1]) clusters.push(await startNode(count));
  if (values.apart) for (const { pid, command } of familyTimes()) if (isClickhouse(command)) runOn(pid, '0');
  const [one, several] = clusters as [Cluster, Cluster?];
  const processors = values.apart ? 'one processor for ClickHouse' : `${availableParallelism()} processors for all`;
  const megabytes = (bytes / 1e6).toFixed(0);
  console.log(
    `${rows.toLocaleString('en')} rows, ${megabytes} MB, ${rounds} rounds, files of the servers ${values.files === 'memory' ? 'in memory' : 'on disk'}; ${processors}\n`,
  );
  // The first upload of a node compiles its code.
  for (const { node } of clusters) await upload(node, 'warm-up', file);
  await insertRaw(one, file);
  const runs: Record<'raw' | 'one' | 'several', Measured[]> = { raw: [], one: [], several: [] };
  for (let round = 0; round < rounds; round++) {
    runs.raw.push(await measure(() => insertRaw(one, file)));
    runs.one.push(await measure(() => upload(one.node, `round-${round}`, file)));
    if (several) runs.several.push(await measure(() => upload(several.node, `round-${round}`, file)));
  }
  print('ClickHouse alone', runs.raw, bytes, null);
  print('Thena', runs.one, bytes, runs.raw);
  if (several) print(`Thena, ${shards} shards`, runs.several, bytes, runs.one);
} finally {
  for (const { node, servers } of clusters) {
    await node.end('SIGTERM');
    await servers.remove();
  }
  rmSync(folder, { recursive: true, force: true });
}

/** @param processors such as `0` or `1-3` */
function runOn(pid: number, processors: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', processors, String(pid)], { stdio: 'ignore' });
}

function isClickhouse(command: string): boolean {
  return command.includes('clickhouse-process');
}

async function startNode(count: number): Promise<Cluster> {
  const servers = await startClusterServers({ shards: count, folder });
  const environment = await createCluster(servers.addresses);
  const node = await startThenaProcess(join(folder, `node-${count}`), [], environment);
  return { servers, node };
}

/** @returns milliseconds from the start of curl to its end */
async function insertRaw({ servers }: Cluster, file: string): Promise<number> {
  const [url = ''] = servers.addresses.clickhouse;
  await fetch(url, { method: 'POST', body: RAW_TABLE });
  const startedAt = performance.now();
  const query = encodeURIComponent('INSERT INTO raw FORMAT CSVWithNames');
  // With the name of a file, curl would add it to the path.
  await run('sh', ['-c', `curl -sS --fail-with-body -X POST -T - '${url}/?query=${query}' < '${file}'`]);
  const ms = performance.now() - startedAt;
  await fetch(url, { method: 'POST', body: 'DROP TABLE raw SYNC' });
  return ms;
}

async function measure(work: () => Promise<number>): Promise<Measured> {
  const before = spent();
  const ms = await work();
  const after = spent();
  const { node, PostgreSQL, ClickHouse } = after;
  return {
    ms,
    node: node - before.node,
    PostgreSQL: PostgreSQL - before.PostgreSQL,
    ClickHouse: ClickHouse - before.ClickHouse,
  };
}

/** Processor seconds so far. */
function spent(): Spent {
  const sums = { node: 0, PostgreSQL: 0, ClickHouse: 0 };
  for (const { pid, command, seconds } of familyTimes()) {
    const isNode = clusters.some(({ node }) => node.child.pid === pid);
    const server = isClickhouse(command) ? 'ClickHouse' : 'PostgreSQL';
    sums[isNode ? 'node' : server] += seconds;
  }
  return sums;
}

function print(name: string, runs: readonly Measured[], bytes: number, against: readonly Measured[] | null): void {
  const least = (all: readonly Measured[], part: keyof Measured): number => Math.min(...all.map((each) => each[part]));
  const ms = least(runs, 'ms');
  const parts = PARTS.map((part) => `${part} ${least(runs, part).toFixed(1)}`).join(', ');
  console.log(`${name.padEnd(18)} ${(ms / 1000).toFixed(2)} s at least; processor seconds: ${parts}`);
  if (against === null) return;
  const ratios = runs.map((each, round) => each.ms / (against[round]?.ms ?? Number.NaN));
  const ofLeast = (ms / least(against, 'ms')).toFixed(2);
  const perGigabyte = (least(runs, 'node') / (bytes / 1e9)).toFixed(1);
  console.log(`  ratio of the least times ${ofLeast}, median of the ratios ${median(ratios).toFixed(2)}`);
  console.log(`  processor seconds of the node per GB: ${perGigabyte}`);
}
