import pg from 'pg';
import { SettingError } from '../../setting-error.ts';
import { readText } from './stored-text.ts';

/** How long a call waits for the server, or for a free connection. */
export interface Waits {
  /** For a connection, new or free. */
  readonly connectMs: number;
  /** For a statement, and for the locks of others. 0: as long as it takes. */
  readonly statementMs: number;
}

const INT8 = 20;
const TEXTS: readonly number[] = [25, 1043];
/** How much longer than the server the client waits for the end of a statement, before it gives up the connection. */
const ANSWER_MS = 1_000;
/** After this time without a word from the other side, the operating system asks whether it is still there. */
const KEEP_ALIVE_AFTER_MS = 5_000;

const TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === INT8) return readInteger;
    if (TEXTS.includes(oid)) return readText;
    return pg.types.getTypeParser(oid, format);
  },
};

/** How connections of a catalog are made. */
export interface Connecting {
  /** It has a password: neither it nor an error that may contain it may be logged. */
  readonly config: pg.ClientConfig;
  /** Makes the settings of a new connection. Parameters of the connection would be refused by a pooler in front of the server. */
  prepare(client: pg.ClientBase): Promise<void>;
}

export function connecting(url: string, application: string, { connectMs, statementMs }: Waits): Connecting {
  const settings = {
    statement_timeout: statementMs,
    // A node that stops in a transaction would keep its locks.
    idle_in_transaction_session_timeout: statementMs,
    // The one that the catalog is written for: a statement sees the latest commits. Whatever the server's default is.
    default_transaction_isolation: 'read committed',
    timezone: 'UTC',
    lock_timeout: 0,
  };
  const statements = Object.entries(settings).map(([name, is]) => `set ${name} = '${is}'`);
  return {
    config: {
      connectionString: withVerification(url),
      application_name: application,
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
      types: TYPES,
      ...(statementMs > 0 && { query_timeout: statementMs + ANSWER_MS }),
    },
    async prepare(client) {
      await client.query(statements.join(';'));
    },
  };
}

/** A pool of connections, which are opened when they are needed. */
export function postgresPool({ config, prepare }: Connecting, connections: number): pg.Pool {
  const pool = new pg.Pool({ ...config, onConnect: prepare, max: connections, idleTimeoutMillis: 60_000 });
  // A connection that is lost between two statements: the next one notices it. Without a listener it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** What `pg` makes of these modes, with a warning that they will mean less one day: the certificate is verified. */
const VERIFYING = /([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/;

function withVerification(url: string): string {
  return url.includes('uselibpqcompat=true') ? url : url.replace(VERIFYING, '$1verify-full');
}

/**
 * The server of a URL as it may be shown: host, port and database.
 *
 * @throws SettingError if it is not a URL of PostgreSQL
 */
export function serverName(url: string): string {
  const refused = new SettingError(
    'THENA_DATABASE_URL is not a URL of PostgreSQL, such as postgres://user:password@host:5432/database?sslmode=verify-full.',
  );
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw refused;
  try {
    const { host, port, database } = new pg.Client({ connectionString: withVerification(url) });
    return `${host}:${port}/${database}`;
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (path !== undefined) throw new SettingError(`Cannot read ${path}, which THENA_DATABASE_URL names (${code}).`);
    // Its cause may contain the URL.
    throw refused;
  }
}

function readInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
