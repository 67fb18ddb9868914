import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';

/** A setting that cannot be used, told in a sentence for the person who set it. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

interface Setting<T> {
  /** As the documentation shows it. */
  readonly default: string;
  readonly help: string;
  /** Reads the text of the environment variable, or its default. @throws SettingError */
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
    if (choice === undefined) throw new SettingError(`${name} is '${value}'; it must be one of ${choices.join(', ')}.`);
    return choice;
  };
}

function integer(least: number, most: number): (value: string, name: string) => number {
  return (value, name) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new SettingError(`${name} is '${value}'; it must be a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

function bytes(value: string, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?i?B?)$/i.exec(value);
  const unit = match?.[2]?.toUpperCase().replace(/^([KMGT])B?$/, '$1IB');
  const factor = BYTE_UNITS[unit === '' || unit === undefined ? 'B' : unit];
  if (!match || factor === undefined) {
    throw new SettingError(`${name} is '${value}'; it must be a size such as 10GiB, 512MiB or 1048576.`);
  }
  return Math.floor(Number(match[1]) * factor);
}

function list(value: string): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}

function setting<T>(defaultText: string, help: string, read: (value: string, name: string) => T): Setting<T> {
  return { default: defaultText, help, read };
}

/** Every setting there is. `docs/settings.md` holds the same list; a test compares them. */
export const SETTINGS = {
  THENA_HOST: setting('127.0.0.1', 'Address to listen on.', text),
  THENA_PORT: setting('8000', 'Port to listen on; 0 takes any free one.', integer(0, 65535)),
  THENA_DATA_DIR: setting('./thena-data', 'Folder that holds everything Thena keeps.', (value) => resolve(value)),
  THENA_AUTH: setting(
    'auto',
    '`open`: anyone who reaches Thena may use it. `keys`: every call needs a key. `auto`: `keys` where THENA_ADMIN_KEY is set, `open` where Thena listens on loopback only, else Thena refuses to start.',
    oneOf('auto', 'open', 'keys'),
  ),
  THENA_ADMIN_KEY: setting('', 'The key that may do everything, of at least 16 characters.', optionalText),
  THENA_ALLOWED_HOSTS: setting(
    '',
    'Further host names, separated by commas, under which Thena answers without keys (loopback names always are).',
    list,
  ),
  THENA_MAX_COLUMNS: setting('5', 'Most columns a table may have.', integer(1, 1000)),
  THENA_MAX_UPLOAD_BYTES: setting('10GiB', 'Largest file taken, counted after decompression.', bytes),
  THENA_MAX_RECEIVES: setting(
    '32',
    'Files received at once, half of them of one customer at most; the others wait in line.',
    integer(1, 10_000),
  ),
  THENA_MAX_WAITING_UPLOADS: setting(
    '1000',
    'Uploads of one customer that may wait to be loaded; more are refused until some are done.',
    integer(1, 1_000_000),
  ),
  THENA_MAX_WAITING_BYTES: setting(
    '50GiB',
    'Bytes of files that may wait to be loaded, half of them of one customer at most; more are refused until some are done. A file is always taken where none waits.',
    bytes,
  ),
  THENA_IDLE_SECONDS: setting(
    '60',
    'How long Thena waits for the next byte of a request; a slow sender that does send is not hurried. As long it waits for the reader of an export.',
    integer(1, 3600),
  ),
  THENA_DISK_RESERVE: setting(
    '512MiB',
    'Disk space that files do not get; a tenth of the disk at most. Files are refused and loads wait while it is not there.',
    bytes,
  ),
  THENA_RETRY_SECONDS: setting(
    '86400',
    'How long the bytes of a failed upload are kept, so that it can be tried again with other options; 0 means not at all.',
    integer(0, 31_536_000),
  ),
  THENA_RESUME_SECONDS: setting(
    '259200',
    'How long after its last byte a resumable upload that is not whole is kept.',
    integer(1, 31_536_000),
  ),
  THENA_CONCURRENT_LOADS: setting('2', 'Uploads loaded at once.', integer(1, 64)),
  THENA_ANALYSIS_SECONDS: setting('30', 'Longest that an analysis may take.', integer(1, 3600)),
  THENA_CONCURRENT_ANALYSES: setting(
    '4',
    'Analyses computed at once, and half as many of one customer; the others wait in line.',
    integer(1, 64),
  ),
  THENA_CONCURRENT_EXPORTS: setting(
    '8',
    'Exports sent at once, and half as many of one customer; more are refused until one ends.',
    integer(1, 1000),
  ),
  THENA_MAX_RESULT_ROWS: setting('100000', 'Most rows of one result.', integer(1, 1_000_000)),
  THENA_RESULT_CACHE: setting('64MiB', 'Memory for results that may be asked for again.', bytes),
  THENA_ENGINE_MEMORY: setting(
    '512MiB',
    'Memory limit of DuckDB in the engine process; medians and quantiles may take as much again.',
    bytes,
  ),
  THENA_ENGINE_THREADS: setting('0', 'Threads DuckDB works with; 0 means one for each core.', integer(0, 256)),
  THENA_OPEN_TABLES: setting('100', 'Most table files the engine keeps open at once.', integer(2, 10_000)),
  THENA_LOG_LEVEL: setting(
    'info',
    'Least level that is logged: trace, debug, info, warn, error, fatal or silent.',
    oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  ),
} as const satisfies Record<string, Setting<unknown>>;

type Read = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]['read']> };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** How callers are known: decided, never `auto`. */
  readonly auth: 'open' | 'keys';
  readonly adminKey: string | null;
  readonly allowedHosts: readonly string[];
  readonly maxColumns: number;
  readonly maxUploadBytes: number;
  readonly maxReceives: number;
  readonly maxWaitingUploads: number;
  readonly maxWaitingBytes: number;
  readonly idleMs: number;
  readonly diskReserveBytes: number;
  /** How long the bytes of a failed upload are kept. */
  readonly retryMs: number;
  /** How long after it was begun a resumable upload may become whole. */
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
  readonly logLevel: Read['THENA_LOG_LEVEL'];
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

function decideAuth(read: Read): 'open' | 'keys' {
  const key = read.THENA_ADMIN_KEY;
  if (key !== null && key.length < 16) {
    throw new SettingError('THENA_ADMIN_KEY is shorter than 16 characters. Make one with: openssl rand -hex 24');
  }
  if (read.THENA_AUTH === 'keys' && key === null) {
    throw new SettingError('THENA_AUTH is keys, so THENA_ADMIN_KEY must be set. Make one with: openssl rand -hex 24');
  }
  if (read.THENA_AUTH !== 'auto') return read.THENA_AUTH;
  if (key !== null) return 'keys';
  if (LOOPBACK.test(read.THENA_HOST)) return 'open';
  throw new SettingError(
    `THENA_HOST is ${read.THENA_HOST}, which is beyond this machine, and everyone would be let in. Set THENA_ADMIN_KEY to ask for keys, or THENA_AUTH=open if everyone who can reach it may use it.`,
  );
}

/**
 * Reads the settings from environment variables.
 *
 * @throws SettingError where one cannot be used, is unknown, or where they would let everyone in beyond loopback
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  for (const name of Object.keys(environment)) {
    if (name.startsWith('THENA_') && !Object.hasOwn(SETTINGS, name)) {
      throw new SettingError(`There is no setting ${name}. docs/settings.md lists those there are.`);
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
    maxColumns: read.THENA_MAX_COLUMNS,
    maxUploadBytes: read.THENA_MAX_UPLOAD_BYTES,
    maxReceives: read.THENA_MAX_RECEIVES,
    maxWaitingUploads: read.THENA_MAX_WAITING_UPLOADS,
    maxWaitingBytes: read.THENA_MAX_WAITING_BYTES,
    idleMs: read.THENA_IDLE_SECONDS * 1000,
    diskReserveBytes: read.THENA_DISK_RESERVE,
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
    logLevel: read.THENA_LOG_LEVEL,
  });
}
