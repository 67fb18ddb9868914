import { SettingError } from './setting-error.ts';

/** The servers of a cluster. Their URLs may contain passwords: only {@link withoutSecrets} makes them fit for a message. */
export interface ClusterSettings {
  readonly databaseUrl: string;
  /** A server for each shard. */
  readonly clickhouseUrls: readonly string[];
  /** The name of the shards in `system.clusters`. Null: there is one server. */
  readonly clickhouseCluster: string | null;
  /** The engine of new tables. A replicated one is created on the whole cluster at once. */
  readonly clickhouseEngine: string;
  readonly spoolUrl: string;
}

/** The settings that only exist together. */
const REQUIRED = ['THENA_DATABASE_URL', 'THENA_CLICKHOUSE_URL', 'THENA_SPOOL_URL'] as const;

interface ClusterParts {
  readonly THENA_DATABASE_URL: string | null;
  readonly THENA_CLICKHOUSE_URL: readonly string[];
  readonly THENA_CLICKHOUSE_CLUSTER: string | null;
  readonly THENA_CLICKHOUSE_ENGINE: string;
  readonly THENA_SPOOL_URL: string | null;
}

/** @returns null if none of the settings is there @throws SettingError if some are missing */
export function clusterSettings(parts: ClusterParts): ClusterSettings | null {
  const { THENA_DATABASE_URL, THENA_CLICKHOUSE_URL, THENA_CLICKHOUSE_CLUSTER, THENA_SPOOL_URL } = parts;
  const { THENA_CLICKHOUSE_ENGINE } = parts;
  const given = [...REQUIRED, 'THENA_CLICKHOUSE_CLUSTER' as const].filter((name) => (parts[name]?.length ?? 0) > 0);
  const missing = REQUIRED.filter((name) => !given.includes(name));
  if (given.length === 0) return null;
  if (missing.length > 0 || THENA_DATABASE_URL === null || THENA_SPOOL_URL === null) {
    throw new SettingError(
      `A cluster needs ${listed(REQUIRED)}. Set ${listed(missing)} as well, or remove ${listed(given)} to keep all data in THENA_DATA_DIR.`,
    );
  }
  if (THENA_CLICKHOUSE_URL.length > 1 && THENA_CLICKHOUSE_CLUSTER === null) {
    throw new SettingError(
      'THENA_CLICKHOUSE_URL has several servers. Set THENA_CLICKHOUSE_CLUSTER to the name of these shards in system.clusters.',
    );
  }
  if (isReplicated(THENA_CLICKHOUSE_ENGINE) && THENA_CLICKHOUSE_CLUSTER === null) {
    throw new SettingError(
      'A replicated THENA_CLICKHOUSE_ENGINE needs THENA_CLICKHOUSE_CLUSTER, on which tables are created.',
    );
  }
  return {
    databaseUrl: THENA_DATABASE_URL,
    clickhouseUrls: THENA_CLICKHOUSE_URL,
    clickhouseCluster: THENA_CLICKHOUSE_CLUSTER,
    clickhouseEngine: THENA_CLICKHOUSE_ENGINE,
    spoolUrl: THENA_SPOOL_URL,
  };
}

/** The servers, for people. */
export function serversOf({ databaseUrl, clickhouseUrls, spoolUrl }: ClusterSettings): readonly string[] {
  return [databaseUrl, ...clickhouseUrls, spoolUrl].map(withoutSecrets);
}

/** A URL of a setting for a message: where it leads, without user, password and parameters. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

export function databaseUrl(value: string, name: string): string | null {
  if (value === '') return null;
  const url = URL.parse(value);
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '' || !/^\/[^/]+$/.test(url.pathname)) {
    throw new SettingError(`Invalid ${name}: expected postgres://user:password@host:5432/database.${ENCODING}`);
  }
  return value;
}

export function shardUrls(value: string, name: string): readonly string[] {
  const urls = value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const parsed = urls.map((item) => {
    const url = URL.parse(item);
    if (
      !url ||
      !/^https?:$/.test(url.protocol) ||
      !/^\/(\w{1,64})?$/.test(url.pathname) ||
      url.search ||
      url.hash ||
      !isEncoded(url)
    ) {
      throw new SettingError(
        `Invalid ${name}: expected http://user:password@host:8123/database, or several, separated by commas.${ENCODING}`,
      );
    }
    return url;
  });
  if (new Set(parsed.map(({ host }) => host)).size < parsed.length) {
    throw new SettingError(`Invalid ${name}: a server is listed twice. Each shard needs a server of its own.`);
  }
  if (new Set(parsed.map(({ pathname }) => pathname)).size > 1) {
    throw new SettingError(`Invalid ${name}: all shards need the same database.`);
  }
  return urls;
}

/** Whether each `%` in the name or the password of the user begins an encoded character. */
function isEncoded({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== '\0';
  } catch {
    return false;
  }
}

export function clusterName(value: string, name: string): string | null {
  if (value === '') return null;
  if (!/^[\w.-]{1,64}$/.test(value)) {
    throw new SettingError(
      `Invalid ${name} '${value}': expected up to 64 letters, digits, dots, dashes and underscores.`,
    );
  }
  return value;
}

export function tableEngine(value: string, name: string): string {
  if (!/^(?:Replicated|Shared)?MergeTree(?:\([\w'{}/., -]{0,200}\))?$/.test(value)) {
    throw new SettingError(
      `Invalid ${name} '${value}': expected MergeTree or ReplicatedMergeTree, with its arguments in parentheses.`,
    );
  }
  return value;
}

/** Whether a statement that changes a table is to be run on all of its replicas. */
export function isReplicated(engine: string): boolean {
  return engine.startsWith('Replicated');
}

export function spoolUrl(value: string, name: string): string | null {
  if (value === '') return null;
  const url = URL.parse(value);
  const isFolder = url?.protocol === 'file:' && url.host === '' && url.pathname !== '/';
  const isBucket = url?.protocol === 's3:' && url.host !== '';
  if (!url || !(isFolder || isBucket) || url.hash) {
    throw new SettingError(`Invalid ${name}: expected file:///path/of/a/folder or s3://bucket/prefix.`);
  }
  if (url.username || url.password) {
    throw new SettingError(
      `Invalid ${name}: it may not contain keys. Those of a bucket are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  return value;
}

/** URLs with such passwords are cut in the wrong place, and cannot be shown. */
const ENCODING = ' Characters such as @ / : , # % in a password must be percent-encoded.';

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
