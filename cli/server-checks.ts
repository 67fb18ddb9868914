import type { Diagnostics } from '../src/api/diagnostics.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly says: string;
}

/** What administrators can do about a part that does not respond, by the start of its name. */
const ADVICE: readonly (readonly [part: string, embedded: string, cluster: string])[] = [
  [
    'the catalog',
    'Check the disk of THENA_DATA_DIR.',
    'Check PostgreSQL, and that the node reaches it (THENA_DATABASE_URL).',
  ],
  ['ClickHouse', '', 'Check this server, and that the node reaches it (THENA_CLICKHOUSE_URL). Uploads wait for it.'],
  [
    'the spool',
    'Check the disk of THENA_DATA_DIR.',
    'Check the folder or the bucket of THENA_SPOOL_URL, and that the node may use it.',
  ],
  [
    'the engine',
    'It is restarted when it fails: search the log for the reason.',
    'It is restarted when it fails: search the log for the reason.',
  ],
];
/** Heartbeats are sent every three seconds. */
const LATE_MS = 10_000;
/** Buckets and receivers of webhooks refuse requests whose time is wrong by minutes. */
const MAX_CLOCK_MS = 30_000;

/** What a server says of its parts and, in a cluster, of the nodes. */
export function* serverChecks({ version, parts, cluster }: Diagnostics): Generator<Check> {
  for (const { name, ms, problem } of parts) {
    const [, embedded = '', clustered = ''] = ADVICE.find(([part]) => name.startsWith(part)) ?? [];
    const advice = cluster ? clustered : embedded;
    const says = problem === null ? `answered in ${ms} ms` : `${problem.replace(/\.$/, '')}. ${advice}`.trimEnd();
    yield { name: name.replace(/^the /, ''), ok: problem === null, says };
  }
  if (!cluster) return;
  const { node_id: self, clock_ahead_ms: ahead, nodes } = cluster;
  if (ahead !== null) yield clockCheck(self, ahead);
  for (const node of nodes ?? []) {
    const isLate = node.seen_ms_ago > LATE_MS;
    const other = node.version === version ? '' : `, another version than ${self} (${version})`;
    const says = `${node.id}: ${node.version ?? 'unknown version'}${other}, seen ${seconds(node.seen_ms_ago)} ago`;
    const advice = ': it is paused, or cut off from PostgreSQL. Others take over what it does after 15 s.';
    yield { name: 'node', ok: !isLate, says: isLate ? `${says}${advice}` : says };
  }
}

function clockCheck(node: string, ahead: number): Check {
  const says = `${node} is ${seconds(Math.abs(ahead))} ${ahead < 0 ? 'behind' : 'ahead of'} PostgreSQL`;
  if (Math.abs(ahead) <= MAX_CLOCK_MS) return { name: 'clock', ok: true, says };
  const advice =
    'Set the clocks of both by NTP: buckets and receivers of webhooks refuse requests whose time is wrong.';
  return { name: 'clock', ok: false, says: `${says}. ${advice}` };
}

function seconds(ms: number): string {
  return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
}
