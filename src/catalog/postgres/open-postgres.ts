import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { certificateRefusal } from '../../certificate-refusal.ts';
import { SettingError } from '../../setting-error.ts';
import type { Catalog } from '../catalog.ts';
import type { CatalogClock } from '../kysely/catalog-clock.ts';
import { catalogCopiesIn } from '../kysely/catalog-copies.ts';
import type { CatalogTables } from '../kysely/catalog-tables.ts';
import { type KyselyCatalog, kyselyCatalog } from '../kysely/kysely-catalog.ts';
import { migrate } from '../kysely/migrations/migrate.ts';
import { forgetCommits, provenCommit } from './commit.ts';
import { translated, verdictOn } from './failures.ts';
import { postgresWrites } from './parallel-writes.ts';
import { Patience } from './patience.ts';
import { type Connecting, connecting, postgresPool, serverName, type Waits } from './pool.ts';
import { type Commit, NOW, postgresDialect } from './postgres-dialect.ts';
import { PostgresNews } from './postgres-news.ts';
import { retryingCatalog } from './retrying-catalog.ts';
import { checkServer } from './server-check.ts';
import { ServerPresence } from './server-presence.ts';

export interface PostgresOptions {
  /** As the server shows the connections. Default: thena. */
  readonly application?: string;
  /** Besides up to five that are used by heartbeats, checks of readiness, news, and after lost commits. Default: 10. */
  readonly connections?: number;
  /** How long a call waits for a server that is away. Default: 10 s. */
  readonly waitMs?: number;
  /** Default: the server's. */
  readonly now?: CatalogClock;
}

const WAIT_MS = 10_000;
const VITAL_CONNECTIONS = 2;
const SETTLING_CONNECTIONS = 2;
/** Less than a process has to end. */
const STOP_MS = 3_000;
const CLOSE_MS = 2_000;
const START_PAUSE_MS = 250;
/** Of a server that is away, it is asked whether it is back. */
const PROBE: Waits = { connectMs: 1_000, statementMs: 1_000 };
const FORGET_EVERY_MS = 60_000;

/**
 * Opens a catalog in a database of PostgreSQL, and creates its tables or brings them up to date.
 *
 * @param url may contain a password
 * @throws SettingError if the server does not answer, refuses access, is unsuitable, or has a catalog of a newer version of Thena
 */
export async function openPostgresCatalog(url: string, options: PostgresOptions = {}): Promise<Catalog> {
  const { application = 'thena', connections = 10, waitMs = WAIT_MS, now } = options;
  const name = serverName(url);
  // Migrations take their time.
  const patient = connecting(url, application, { connectMs: waitMs, statementMs: 0 });
  await retriedUntil(performance.now() + waitMs, name, () => checkServer(patient, name));
  await migrateOn(patient, name);

  const waits = { connectMs: waitMs / 2, statementMs: waitMs };
  const pool = postgresPool(connecting(url, application, waits), connections);
  // Calls may wait for locks with all connections. Nobody may be declared dead for that, and no node be taken out of service, which would
  // leave its requests to the others.
  const vitalPool = postgresPool(connecting(url, `${application} heartbeat`, waits), VITAL_CONNECTIONS);
  // All connections may be lost in a commit at the same moment. Opened only then.
  const settling = postgresPool(connecting(url, `${application} commits`, waits), SETTLING_CONNECTIONS);
  const open = (of: pg.Pool) => new Kysely<CatalogTables>({ dialect: postgresDialect(of, provenCommit(settling)) });
  const db = open(pool);
  const presence = new ServerPresence(() => probe(connecting(url, `${application} probe`, PROBE)));
  const patience = new Patience(waitMs);
  const [catalog, vital] = [db, open(vitalPool)].map((each) =>
    retryingCatalog(kyselyCatalog(each, now ?? serverClock, postgresWrites), patience, each === db ? presence : null),
  ) as [KyselyCatalog, KyselyCatalog];
  // By one of all nodes, since it reads the whole table: an index would cost more, in each commit.
  const forget = async () => (await catalog.takeChore('commits', FORGET_EVERY_MS)) && forgetCommits(pool);
  const forgetting = setInterval(() => {
    // What is not forgotten now is forgotten next time.
    forget().catch(() => undefined);
  }, FORGET_EVERY_MS);
  forgetting.unref();
  const news = new PostgresNews(connecting(url, `${application} news`, waits));
  await news.start();
  const end = async (): Promise<void> => {
    clearInterval(forgetting);
    presence.close();
    const ends = [news.close(), catalog.close(), vital.close(), settling.end()];
    // A server that does not answer does not say good-bye either.
    await Promise.race([Promise.all(ends), wait(CLOSE_MS, null, { ref: false })]);
  };
  let ended: Promise<void> | undefined;
  return {
    ...catalog,
    heartbeat: vital.heartbeat,
    expireInstances: vital.expireInstances,
    renewLease: vital.renewLease,
    now: vital.now,
    ping: vital.ping,
    isShared: true,
    news,
    copies: catalogCopiesIn(db),
    stopWaiting() {
      patience.endIn(STOP_MS);
    },
    close() {
      ended ??= end();
      return ended;
    },
  };
}

const serverClock: CatalogClock = async (db) => {
  // Not now(), which is when the transaction began: it may have waited for a lock since.
  const clock = sql<{ readonly at: number }>`select ${sql.raw(NOW)} as at`;
  const { rows } = await clock.execute(db);
  return rows[0]?.at ?? Number.NaN;
};

/** Connects to the server on a connection of its own, since those of the pool may all be waiting for one that is paused. */
async function probe({ config, prepare }: Connecting): Promise<void> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await prepare(client);
  } finally {
    // A server that does not answer does not say good-bye either.
    client.end().catch(() => undefined);
  }
}

async function migrateOn(patient: Connecting, name: string): Promise<void> {
  const commit: Commit = async (session) => {
    await session.execute('commit');
  };
  const db = new Kysely<CatalogTables>({ dialect: postgresDialect(postgresPool(patient, 1), commit) });
  try {
    await migrate(db, name);
  } finally {
    await db.destroy();
  }
}

/** Waits for a server that is being started. @throws SettingError if it does not answer in time */
async function retriedUntil(until: number, name: string, check: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (error instanceof SettingError || verdictOn(translated(error)) !== 'unavailable') throw error;
      const refusal = certificateRefusal(error);
      if (refusal !== null) throw new SettingError(`The PostgreSQL at ${name} cannot be used: ${refusal}`);
      if (performance.now() > until) {
        throw new SettingError(`The PostgreSQL at ${name} cannot be reached: ${(error as Error).message}.`);
      }
    }
    await wait(START_PAUSE_MS);
  }
}
