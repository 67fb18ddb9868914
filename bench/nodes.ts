/**
 * Many small uploads through one node and through two nodes, on PostgreSQL and ClickHouse servers of the tests: how long they take, and how many
 * milliseconds of processor time one upload costs the nodes and the servers. All of them share the processors of this machine, so that two nodes are
 * faster only if one cannot use all of them. The processor time shows what nodes on machines of their own would add. Linux only.
 *
 *   npm run bench:nodes -- [--uploads 1000] [--customers 50] [--senders 16] [--rows 20] [--rounds 3] [--shards 1]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { familyTimes } from '../harness/processor-time.ts';
import { startThenaProcess, type ThenaProcess } from '../harness/thena-process.ts';
import { createCluster } from '../test/cluster/create-cluster.ts';
import { startClusterServers } from '../test/cluster/start-cluster.ts';
import { median } from './measure.ts';

const { values } = parseArgs({
  options: {
    uploads: { type: 'string', default: '1000' },
    customers: { type: 'string', default: '50' },
    senders: { type: 'string', default: '16' },
    rows: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '3' },
    shards: { type: 'string', default: '1' },
  },
});
const [uploads, customers, senders, rows] = [values.uploads, values.customers, values.senders, values.rows].map(
  Number,
) as [number, number, number, number];
const [rounds, shards] = [Number(values.rounds), Number(values.shards)];

/** What is measured of a run: seconds from the first upload sent to the last one committed, and of processor time. */
const MEASURES = ['wall', 'nodes', 'PostgreSQL', 'ClickHouse'] as const;
type Measured = Readonly<Record<(typeof MEASURES)[number], number>>;

const servers = await startClusterServers({ shards });
const folder = mkdtempSync(join(tmpdir(), 'thena-bench-'));
try {
  const runs: Readonly<Record<1 | 2, Measured[]>> = { 1: [], 2: [] };
  for (let round = 0; round < rounds; round++)
    for (const nodes of [1, 2] as const) runs[nodes].push(await measure(nodes, join(folder, `${round}-${nodes}`)));
  print(runs);
} finally {
  await servers.remove();
  rmSync(folder, { recursive: true, force: true });
}

/** Starts nodes of a new cluster and sends the uploads to them in turn. The first upload of each customer, which creates its table, does not count. */
async function measure(count: 1 | 2, own: string): Promise<Measured> {
  const environment = await createCluster(servers.addresses);
  const nodes: ThenaProcess[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const settings = { ...environment, THENA_NODE_ID: `node-${index}` };
      nodes.push(await startThenaProcess(join(own, String(index)), [], settings));
    }
    await sendAll(nodes, customers);
    const [before, startedAt] = [times(nodes), performance.now()];
    await sendAll(nodes, uploads);
    const [after, wall] = [times(nodes), (performance.now() - startedAt) / 1000];
    const spent = (name: keyof typeof after): number => after[name] - before[name];
    return { wall, nodes: spent('nodes'), PostgreSQL: spent('PostgreSQL'), ClickHouse: spent('ClickHouse') };
  } finally {
    for (const node of nodes) await node.end('SIGTERM');
  }
}

async function sendAll(nodes: readonly ThenaProcess[], count: number): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      await send(nodes[index % nodes.length] as ThenaProcess, `customer-${index % customers}`, index);
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
}

/** Sends a small file and waits until its rows are committed. */
async function send({ url }: ThenaProcess, customer: string, index: number): Promise<void> {
  const lines = Array.from({ length: rows }, (_, row) => {
    const at = new Date(1_704_067_200_000 + 1000 * (rows * index + row)).toISOString();
    return `${at},${rows * index + row},view,${(row * 7919) % 1000}.25\n`;
  });
  const response = await fetch(`${url}/api/v1/customers/${customer}/uploads`, {
    method: 'PUT',
    headers: { 'content-type': 'text/csv', prefer: 'wait=120' },
    body: `occurred_at,event_id,event_type,amount\n${lines.join('')}`,
  });
  const upload = (await response.json()) as { readonly status?: string };
  if (upload.status !== 'complete') throw new Error(`an upload did not complete: ${JSON.stringify(upload)}`);
}

/** Processor seconds so far. */
function times(nodes: readonly ThenaProcess[]): Omit<Measured, 'wall'> {
  const sums = { nodes: 0, PostgreSQL: 0, ClickHouse: 0 };
  for (const { pid, command, seconds } of familyTimes()) {
    const isNode = nodes.some(({ child }) => child.pid === pid);
    const server = command.includes('clickhouse-process') ? 'ClickHouse' : 'PostgreSQL';
    sums[isNode ? 'nodes' : server] += seconds;
  }
  return sums;
}

function print(runs: Readonly<Record<1 | 2, readonly Measured[]>>): void {
  const processors = availableParallelism();
  console.log(
    `${uploads.toLocaleString('en')} uploads of ${rows} rows, ${customers} customers, ${senders} senders, ${shards} shards, median of ${rounds} rounds; ${processors} processors for all\n`,
  );
  console.log('             uploads/s   processor ms per upload');
  console.log('                          nodes  PostgreSQL  ClickHouse');
  const [one, two] = ([1, 2] as const).map((nodes) => {
    const of = (name: keyof Measured): number => median(runs[nodes].map((run) => run[name]));
    const [wall = 0, ...spent] = MEASURES.map(of);
    const cells = [uploads / wall, ...spent.map((seconds) => (1000 * seconds) / uploads)];
    console.log(row(nodes === 1 ? 'one node' : 'two nodes', cells));
    return cells;
  }) as [number[], number[]];
  console.log(
    row(
      'ratio',
      two.map((value, index) => value / (one[index] ?? 1)),
      2,
    ),
  );
  const [, ofNodes = 0, ...ofServers] = two;
  const most = Math.max(...ofServers);
  console.log(
    `\nA node costs ${(ofNodes / most).toFixed(1)} times as much as the busiest server: so many nodes, with as many processors each, are as busy as that server.`,
  );
}

function row(name: string, cells: readonly number[], digits = 1): string {
  const [perSecond = 0, nodes = 0, postgres = 0, clickhouse = 0] = cells;
  const fixed = (value: number, width: number): string => value.toFixed(digits).padStart(width);
  return `${name.padEnd(10)}${fixed(perSecond, 12)}${fixed(nodes, 9)}${fixed(postgres, 12)}${fixed(clickhouse, 12)}`;
}
