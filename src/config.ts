import { availableParallelism, hostname } from 'node:os';
import { resolve } from 'node:path';
import {
  type ClusterSettings,
  clusterName,
  clusterSettings,
  databaseUrl,
  shardUrls,
  spoolUrl,
  tableEngine,
} from './cluster-settings.ts';
import { SettingError } from './setting-error.ts';

interface Setting<T> {
  /** As shown in the documentation. */
  readonly default: string;
  readonly help: string;
  /** Parses the value of the environment variable or the default. @throws SettingError */
  readonly read: (text: string, name: string) => T;
}

const BYTE_UNITS: Readonly<Record<string, number>> = { B: 1, KIB: 2 ** 10, MIB: 2 ** 20, GIB: 2 ** 30, TIB: 2 ** 40 };

function text(value: string): string {
  return value;
}

function optionalText(value: string): string | null {
  return value === '' ? null : value;
}

function oneOf<const T extends string>(...choices: readonly T[]): (value: string, name: string) => T {
  return (value, name) => {
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined)
      throw new SettingError(`Invalid ${name} '${value}': expected one of ${choices.join(', ')}.`);
    return choice;
  };
}

function integer(least: number, most: number): (value: string, name: string) => number {
  return (value, name) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new SettingError(`Invalid ${name} '${value}': expected a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

function bytes(value: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)$/i.exec(value);
  const unit = match?.[2]?.toUpperCase().replace(/^([KMGT])B?$/, '$1IB');
  const factor = BYTE_UNITS[unit === '' || unit === undefined ? 'B' : unit];
  if (!match || factor === undefined) {
    throw new SettingError(`Invalid ${name} '${value}': expected a size such as 10GiB, 512MiB or 1048576.`);
  }
  return Math.floor(Number(match[1]) * factor);
}

function seconds(value: string, name: string): readonly number[] {
  const each = value.split(',').map((item) => item.trim());
  if (each.length > 20 || each.some((item) => !/^\d{1,7}(\.\d{1,3})?$/.test(item))) {
    throw new SettingError(`Invalid ${name} '${value}': expected up to 20 numbers of seconds, separated by commas.`);
  }
  return each.map(Number);
}

function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}

function nodeId(value: string, name: string): string {
  // Of a host name, which nobody may be able to change, other characters are replaced.
  const id =
    value === ''
      ? hostname()
          .replace(/[^A-Za-z0-9._-]/g, '-')
          .slice(0, 64)
      : value;
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
    throw new SettingError(
      `Invalid ${name} '${value}': expected up to 64 letters, digits, dots, dashes and underscores.`,
    );
  }
  return id;
}

function setting<T>(defaultText: string, help: string, read: (value: string, name: string) => T): Setting<T> {
  return { default: defaultText, help, read };
}

/** All settings. `docs/settings.md` has the same list; a test compares them. */
export const SETTINGS = {
  THENA_HOST: setting('127.0.0.1', 'Address to listen on.', text),
  THENA_PORT: setting('8000', 'Port to listen on. 0 selects a free port.', integer(0, 65535)),
  THENA_DATA_DIR: setting(
    './thena-data',
    'Folder for all data. Of a node of a cluster it only has temporary files.',
    (value) => resolve(value),
  ),
  THENA_AUTH: setting(
    'auto',
    'Who may call the API. `open`: everyone who can reach the server. `keys`: API key required. `auto`: `keys` if THENA_ADMIN_KEY is set, otherwise `open` if THENA_HOST is a loopback address; in any other case the server refuses to start.',
    oneOf('auto', 'open', 'keys'),
  ),
  THENA_ADMIN_KEY: setting('', 'API key with all permissions, at least 16 characters.', optionalText),
  THENA_ALLOWED_HOSTS: setting(
    '',
    'Additional host names to accept when `THENA_AUTH` is `open`, separated by commas. Loopback names are always accepted.',
    list,
  ),
  THENA_SESSION_SECONDS: setting(
    '604800',
    'How long a browser session lasts that was opened with an API key.',
    integer(60, 31_536_000),
  ),
  THENA_MAX_COLUMNS: setting(
    '5',
    'Maximum number of columns in a table. On one machine, wide tables need more `THENA_ENGINE_MEMORY`, one of 1,000 columns 1.5 GiB. With too little, files fail: with the default, one of 150,000 rows of 400 columns, or the second file of a table of 600.',
    integer(1, 1000),
  ),
  THENA_MAX_UPLOAD_BYTES: setting('10GiB', 'Maximum size of a file, after decompression.', bytes),
  THENA_MAX_RECEIVES: setting(
    '32',
    'Maximum number of files received concurrently, at most half of them from one customer. Further uploads wait up to 30 seconds for a free slot.',
    integer(1, 10_000),
  ),
  THENA_MAX_WAITING_UPLOADS: setting(
    '1000',
    'Maximum number of uploads per customer waiting to be loaded. Further uploads are refused.',
    integer(1, 1_000_000),
  ),
  THENA_MAX_WAITING_BYTES: setting(
    '50GiB',
    'Maximum number of bytes waiting to be loaded, at most half of them from one customer. Further uploads are refused, except when none is waiting.',
    bytes,
  ),
  THENA_IDLE_SECONDS: setting(
    '60',
    'Time after which a connection is closed if the client sends nothing during an upload or reads nothing during an export. An upload slower than 1 KiB/s over a minute is refused as well.',
    integer(1, 3600),
  ),
  THENA_DISK_RESERVE: setting(
    '512MiB',
    'Free disk space to keep in reserve, at most a tenth of the disk. While less is free, uploads are refused and loads wait.',
    bytes,
  ),
  THENA_SPOOL_CACHE: setting(
    '20GiB',
    'How much of a spool in a bucket a node keeps on its disk, besides the uploads that it is receiving or loading.',
    bytes,
  ),
  THENA_MAX_REJECTED_ROWS: setting(
    '100000',
    'Maximum number of rejected rows of an upload to keep. All of them are counted.',
    integer(1, 100_000_000),
  ),
  THENA_RETRY_SECONDS: setting(
    '86400',
    'How long the bytes of a failed upload are kept for a retry. 0 disables retries.',
    integer(0, 31_536_000),
  ),
  THENA_RESUME_SECONDS: setting(
    '259200',
    'How long an unfinished resumable upload is kept after its last byte was received.',
    integer(1, 31_536_000),
  ),
  THENA_CONCURRENT_LOADS: setting('2', 'Maximum number of uploads loaded concurrently.', integer(1, 64)),
  THENA_ANALYSIS_SECONDS: setting('30', 'Time limit of an analysis.', integer(1, 3600)),
  THENA_CONCURRENT_ANALYSES: setting(
    '4',
    'Maximum number of analyses run concurrently, at most half of them for one customer. Further analyses wait.',
    integer(1, 64),
  ),
  THENA_CONCURRENT_EXPORTS: setting(
    '8',
    'Maximum number of exports sent concurrently, at most half of them to one customer. Further exports are refused.',
    integer(1, 1000),
  ),
  THENA_MAX_RESULT_ROWS: setting('100000', 'Maximum number of rows in a result.', integer(1, 1_000_000)),
  THENA_RESULT_CACHE: setting(
    '64MiB',
    'Memory for cached results, and as much again for results that were written as files for links.',
    bytes,
  ),
  THENA_ENGINE_MEMORY: setting(
    '512MiB',
    'Memory limit of DuckDB in the engine process. Medians and quantiles may use the same amount in addition. The process is restarted if it takes more than both and 300 MiB.',
    bytes,
  ),
  THENA_ENGINE_THREADS: setting('0', 'Number of DuckDB threads. 0 uses one thread per core.', integer(0, 256)),
  THENA_OPEN_TABLES: setting('100', 'Maximum number of table files that the engine keeps open.', integer(2, 10_000)),
  THENA_WEBHOOK_PRIVATE_ADDRESSES: setting(
    'refuse',
    'Whether webhooks may have private, loopback and other addresses that are not public: `refuse` or `allow`.',
    oneOf('refuse', 'allow'),
  ),
  THENA_WEBHOOK_SECONDS: setting('15', 'How long the receiver of a webhook may take to respond.', integer(1, 60)),
  THENA_WEBHOOK_RETRY_SECONDS: setting(
    '5,300,1800,7200,18000,28800,28800',
    'Delays before the second and further attempts to deliver an event to a webhook. Each is extended by up to a fifth at random.',
    seconds,
  ),
  THENA_DATABASE_URL: setting(
    '',
    'PostgreSQL database of a cluster: `postgres://user:password@host:5432/database`. A cluster needs this, THENA_CLICKHOUSE_URL and THENA_SPOOL_URL.',
    databaseUrl,
  ),
  THENA_CLICKHOUSE_URL: setting(
    '',
    'ClickHouse server of a cluster: `http://user:password@host:8123/database`. Several, separated by commas, are the shards of THENA_CLICKHOUSE_CLUSTER.',
    shardUrls,
  ),
  THENA_CLICKHOUSE_CLUSTER: setting(
    '',
    'Name of the shards in `system.clusters` of ClickHouse. Required for several shards.',
    clusterName,
  ),
  THENA_CLICKHOUSE_ENGINE: setting(
    'MergeTree',
    'Engine of new tables in ClickHouse. `ReplicatedMergeTree` needs THENA_CLICKHOUSE_CLUSTER, on which tables are then created.',
    tableEngine,
  ),
  THENA_SPOOL_URL: setting(
    '',
    'Spool that the nodes of a cluster share: a folder (`file:///mnt/spool`) or a bucket (`s3://bucket/prefix`).',
    spoolUrl,
  ),
  THENA_NODE_ID: setting('', 'Unique name of this node in its cluster. Default: the host name.', nodeId),
  THENA_LOG_LEVEL: setting(
    'info',
    'Minimum level of log messages: trace, debug, info, warn, error, fatal or silent.',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  ),
} as const satisfies Record<string, Setting<unknown>>;

type Read = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['read']> };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** Resolved: never `auto`. */
  readonly auth: 'open' | 'keys';
  readonly adminKey: string | null;
  readonly allowedHosts: readonly string[];
  /** How long a browser session lasts. */
  readonly sessionMs: number;
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  readonly maxReceives: number;
  readonly maxWaitingUploads: number;
  readonly maxWaitingBytes: number;
  readonly idleMs: number;
  readonly diskReserveBytes: number;
  readonly spoolCacheBytes: number;
  /** How long the bytes of a failed upload are kept. */
  readonly maxRejectedRows: number;
  readonly retryMs: number;
  /** How long an unfinished resumable upload is kept after its last byte. */
  readonly resumeMs: number;
  readonly concurrentLoads: number;
  readonly analysisMs: number;
  readonly concurrentAnalyses: number;
  readonly concurrentExports: number;
  readonly maxResultRows: number;
  readonly resultCacheBytes: number;
  readonly engineMemoryBytes: number;
  readonly engineThreads: number;
  readonly openTables: number;
  readonly webhookPrivateAddresses: Read['THENA_WEBHOOK_PRIVATE_ADDRESSES'];
  /** How long the receiver of a webhook may take to respond. */
  readonly webhookMs: number;
  /** Delays before the second and further attempts. */
  readonly webhookRetryMs: readonly number[];
  /** Null: all data are in the data folder. */
  readonly cluster: ClusterSettings | null;
  readonly nodeId: string;
  readonly logLevel: Read['THENA_LOG_LEVEL'];
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

function decideAuth(read: Read): 'open' | 'keys' {
  const key = read.THENA_ADMIN_KEY;
  if (key !== null && key.length < 16) {
    throw new SettingError('THENA_ADMIN_KEY is shorter than 16 characters. Generate a key with: openssl rand -hex 24');
  }
  if (read.THENA_AUTH === 'keys' && key === null) {
    throw new SettingError('THENA_AUTH=keys requires THENA_ADMIN_KEY. Generate a key with: openssl rand -hex 24');
  }
  if (read.THENA_AUTH !== 'auto') return read.THENA_AUTH;
  if (key !== null) return 'keys';
  if (LOOPBACK.test(read.THENA_HOST)) return 'open';
  throw new SettingError(
    `THENA_HOST=${read.THENA_HOST} makes Thena reachable from other machines, without authentication. Set THENA_ADMIN_KEY to require API keys, or THENA_AUTH=open to allow everyone.`,
  );
}

/** Settings of the command line: someone may have them in the shell in which the server is started. */
const COMMAND_LINE: readonly string[] = ['THENA_URL', 'THENA_KEY', 'THENA_CUSTOMER'];

/**
 * Reads the settings from environment variables.
 *
 * @throws SettingError if a setting is invalid or unknown, or if the settings would expose an open server beyond loopback
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  for (const name of Object.keys(environment)) {
    if (name.startsWith('THENA_') && !Object.hasOwn(SETTINGS, name) && !COMMAND_LINE.includes(name)) {
      throw new SettingError(`Unknown setting ${name}. See docs/settings.md for the list of settings.`);
    }
  }
  const read = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, { default: defaultText, read: parse }]) => [
      name,
      parse(environment[name] || defaultText, name),
    ]),
  ) as unknown as Read;
  return Object.freeze({
    host: read.THENA_HOST,
    port: read.THENA_PORT,
    dataDir: read.THENA_DATA_DIR,
    auth: decideAuth(read),
    adminKey: read.THENA_ADMIN_KEY,
    allowedHosts: read.THENA_ALLOWED_HOSTS,
    sessionMs: read.THENA_SESSION_SECONDS * 1000,
    maxColumns: read.THENA_MAX_COLUMNS,
    maxUploadBytes: read.THENA_MAX_UPLOAD_BYTES,
    maxReceives: read.THENA_MAX_RECEIVES,
    maxWaitingUploads: read.THENA_MAX_WAITING_UPLOADS,
    maxWaitingBytes: read.THENA_MAX_WAITING_BYTES,
    idleMs: read.THENA_IDLE_SECONDS * 1000,
    diskReserveBytes: read.THENA_DISK_RESERVE,
    spoolCacheBytes: read.THENA_SPOOL_CACHE,
    maxRejectedRows: read.THENA_MAX_REJECTED_ROWS,
    retryMs: read.THENA_RETRY_SECONDS * 1000,
    resumeMs: read.THENA_RESUME_SECONDS * 1000,
    concurrentLoads: read.THENA_CONCURRENT_LOADS,
    analysisMs: read.THENA_ANALYSIS_SECONDS * 1000,
    concurrentAnalyses: read.THENA_CONCURRENT_ANALYSES,
    concurrentExports: read.THENA_CONCURRENT_EXPORTS,
    maxResultRows: read.THENA_MAX_RESULT_ROWS,
    resultCacheBytes: read.THENA_RESULT_CACHE,
    engineMemoryBytes: read.THENA_ENGINE_MEMORY,
    engineThreads: read.THENA_ENGINE_THREADS || availableParallelism(),
    openTables: read.THENA_OPEN_TABLES,
    webhookPrivateAddresses: read.THENA_WEBHOOK_PRIVATE_ADDRESSES,
    webhookMs: read.THENA_WEBHOOK_SECONDS * 1000,
    webhookRetryMs: read.THENA_WEBHOOK_RETRY_SECONDS.map((each) => each * 1000),
    cluster: clusterSettings(read),
    nodeId: read.THENA_NODE_ID,
    logLevel: read.THENA_LOG_LEVEL,
  });
}
