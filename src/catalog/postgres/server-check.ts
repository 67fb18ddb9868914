import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { SettingError } from '../../setting-error.ts';
import type { Connecting } from './pool.ts';

/** The oldest version that PostgreSQL's own project still maintains when this was written. */
const OLDEST = { number: 140_000, name: '14' };

/** How long a notification may take. */
const HEAR_MS = 2_000;
const NOT_HEARD =
  'a connection does not receive notifications. If there is a pooler in front of it, such as PgBouncer, it has to pool sessions, not transactions.';

interface ServerRow {
  readonly version: number;
  readonly version_name: string;
  readonly encoding: string;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly read_only: string;
  readonly is_standby: boolean;
  readonly schema: string | null;
  readonly may_create: boolean;
}

/**
 * Checks what the catalog needs of a server.
 *
 * @param name of the server, without secrets
 * @throws SettingError that says what is missing
 */
export async function checkServer(connecting: Connecting, name: string): Promise<void> {
  const clients = [openClient(connecting), openClient(connecting)] as const;
  const [client, other] = clients;
  try {
    for (const each of clients) {
      await each.connect();
      await connecting.prepare(each);
    }
    const { rows } = await client.query<ServerRow>(`
      select current_setting('server_version_num')::int as version, current_setting('server_version') as version_name,
        current_setting('server_encoding') as encoding, current_setting('fsync') as fsync,
        current_setting('synchronous_commit') as synchronous_commit,
        current_setting('transaction_read_only') as read_only, pg_is_in_recovery() as is_standby,
        current_schema() as schema, coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create`);
    const reason = (rows[0] && reasonAgainst(rows[0])) ?? ((await hears(client, other)) ? null : NOT_HEARD);
    if (reason !== null) throw new SettingError(`The PostgreSQL at ${name} cannot hold the catalog: ${reason}`);
  } catch (error) {
    throw isRefusal(error) ? new SettingError(`The PostgreSQL at ${name} refuses access: ${error.message}.`) : error;
  } finally {
    for (const each of clients) await each.end().catch(() => undefined);
  }
}

function openClient({ config }: Connecting): pg.Client {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  return client;
}

/** Whether one connection receives what another one sends to it. A pooler may run statements of a client on several connections. */
async function hears(listener: pg.Client, speaker: pg.Client): Promise<boolean> {
  const channel = `thena_check_${randomBytes(6).toString('hex')}`;
  const heard = new Promise<true>((resolve) => listener.once('notification', () => resolve(true)));
  await listener.query(`listen ${channel}`);
  await speaker.query('select pg_notify($1, $2)', [channel, '']);
  return Promise.race([heard, wait(HEAR_MS, false, { ref: false })]);
}

/** @returns a sentence, or null */
function reasonAgainst(server: ServerRow): string | null {
  if (server.version < OLDEST.number) {
    return `it is version ${server.version_name}, and at least ${OLDEST.name} is required.`;
  }
  if (server.encoding !== 'UTF8') {
    return `its encoding is ${server.encoding}. Create the database with ENCODING 'UTF8'.`;
  }
  if (server.is_standby) return 'it is a standby, which is read-only. Name the primary server.';
  if (server.read_only === 'on') return 'its transactions are read-only. Set default_transaction_read_only to off.';
  if (server.fsync === 'off') return 'with fsync = off, a power failure can destroy it. Set fsync to on.';
  if (server.synchronous_commit === 'off') {
    return 'with synchronous_commit = off, it loses uploads that were acknowledged. Set synchronous_commit to on.';
  }
  if (server.schema === null) return 'no schema of the search_path exists. Create one, or change the search_path.';
  if (!server.may_create) {
    return `the user may not create tables in the schema '${server.schema}'. Grant CREATE on it.`;
  }
  return null;
}

/** The user, the password or the database is wrong: classes 28 and 3D of postgresql.org/docs/current/errcodes-appendix.html */
function isRefusal(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && /^(?:28|3D|42501)/.test(error.code ?? '');
}
