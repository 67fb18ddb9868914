import type { ClickHouseClientConfigOptions } from '@clickhouse/client';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { ClickhouseShard } from './clickhouse-shard.ts';
import { literal } from './clickhouse-sql.ts';
import { connectingAgent } from './connecting-agent.ts';

export interface ClickhouseAddress {
  /** A URL for each shard, `http://user:password@host:8123/database`. They contain passwords: never log them. */
  readonly urls: readonly string[];
  /** The name of these shards in `system.clusters`, through which they are read; null: there is one server. */
  readonly cluster: string | null;
  /** How long a connection to a server may take until it is there. Default: 5 s. */
  readonly connectMs?: number;
}

/** Longest time in which a connection may transfer nothing. An insert that is being made durable answers after that. */
const IDLE_MS = 120_000;
const CONNECT_MS = 5_000;
/** Idle connections are closed before the server does so, after 3 s or more. */
const KEEP_ALIVE_MS = 2_000;
/** Loads, queries, exports and statements that end others run at the same time. */
const MAX_CONNECTIONS = 128;

/** The ClickHouse servers that hold the tables: one, or one for each shard. */
export class ClickhouseServers {
  readonly shards: readonly [ClickhouseShard, ...ClickhouseShard[]];
  /** The database of the tables. */
  readonly database: string;
  readonly cluster: string | null;
  #reads = 0;

  constructor({ urls, cluster, connectMs = CONNECT_MS }: ClickhouseAddress) {
    const [first, ...others] = urls.map((url) => new URL(url));
    if (first === undefined) throw new Error('no URL of ClickHouse');
    this.database = databaseOf(first);
    this.cluster = cluster;
    this.shards = [openShard(first, connectMs), ...others.map((url) => openShard(url, connectMs))];
  }

  /** The server to which statements are sent that any one can answer. */
  get reader(): ClickhouseShard {
    return this.shards[0];
  }

  /** The server that collects the next read from all of them. They take turns, since that is most of the work of a large result. */
  nextReader(): ClickhouseShard {
    return this.shards[this.#reads++ % this.shards.length] ?? this.reader;
  }

  /** What a shard is called outside, where its address is nobody's business. */
  labelOf(index: number): string {
    return this.shards.length === 1 ? 'ClickHouse' : `ClickHouse shard ${index + 1} of ${this.shards.length}`;
  }

  /** What a query reads of a table: the table itself, or its parts on all shards. */
  source(table: string): string {
    if (this.cluster === null) return table;
    const [, name = table] = /^`(.*)`$/.exec(table) ?? [];
    return `cluster(${literal(this.cluster)}, ${literal(this.database)}, ${literal(name)})`;
  }

  /** Runs `work` for each shard at the same time, and waits for all of them. @throws the first failure */
  async onEach<T>(work: (shard: ClickhouseShard, index: number) => Promise<T>): Promise<readonly T[]> {
    const outcomes = await Promise.allSettled(this.shards.map(work));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.shards.map((shard) => shard.close()));
  }
}

/** The database that a URL names. The settings ensure that all shards have the same. */
function databaseOf(url: URL): string {
  return decodeURIComponent(url.pathname.replace(/^\/|\/$/g, '')) || 'default';
}

function openShard(url: URL, connectMs: number): ClickhouseShard {
  const config: ClickHouseClientConfigOptions = {
    url: url.origin,
    username: decodeURIComponent(url.username) || 'default',
    password: decodeURIComponent(url.password),
    database: databaseOf(url),
    application: 'thena',
    request_timeout: IDLE_MS,
    max_open_connections: MAX_CONNECTIONS,
    // Errors are thrown, and would be printed with their statements.
    log: { level: ClickHouseLogLevel.OFF },
  };
  const keepAlive = { enabled: true, idle_socket_ttl: KEEP_ALIVE_MS, eagerly_destroy_stale_sockets: true };
  const agent = (isKept: boolean) =>
    connectingAgent(url, { keepAlive: isKept, maxSockets: MAX_CONNECTIONS, connectMs });
  return new ClickhouseShard(
    url.host,
    createClient({ ...config, keep_alive: keepAlive, http_agent: agent(true) }),
    createClient({ ...config, keep_alive: { enabled: false }, http_agent: agent(false) }),
  );
}
