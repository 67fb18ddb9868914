import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { certificateRefusal } from '../../certificate-refusal.ts';
import type { ParsedColumn } from '../../model/parsed-columns.ts';
import { SettingError } from '../../setting-error.ts';
import { ClickhouseException } from './clickhouse-failure.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { identifier, literal } from './clickhouse-sql.ts';
import { prepareEnded } from './ended-attempts.ts';
import { insertSettings, insertSql } from './insert-sql.ts';
import { addColumnsSql, createTableSql, deleteRowsSql, dropTableSql, type TableMaking } from './physical-table.ts';
import { endInserts, insertId } from './running-statements.ts';

/** The oldest version that Thena was tested with. */
const LEAST_VERSION: readonly [year: number, release: number] = [26, 7];
/** Of what is inserted by the check. */
const COLUMNS: readonly ParsedColumn[] = [{ name: 'shard', format: { type: 'integer', thousands: null } }];
const UNKNOWN_DATABASE = 81;
/** What the user `default` gets for a wrong password. */
const REQUIRED_PASSWORD = 194;
const ACCESS_DENIED = 497;
const AUTHENTICATION_FAILED = 516;
const RIGHTS =
  'SELECT, INSERT, ALTER, CREATE TABLE and DROP TABLE on the database, TABLE ENGINE on the engine, SELECT on system.processes and system.clusters, and REMOTE if there are several shards';

/**
 * Checks at start that the servers are as Thena needs them: their version, and by a table that is made, filled, read through the
 * cluster and dropped again, the rights of the user, the settings of tables, and that the cluster consists of these servers.
 *
 * @throws SettingError with a sentence for the person who set the URLs; StorageFailure if a server does not answer, or is overloaded
 */
export async function checkServers(servers: ClickhouseServers, making: TableMaking): Promise<void> {
  const table = `_thena_check_${randomBytes(6).toString('hex')}`;
  try {
    await servers.onEach(checkVersion);
    await servers.onEach((shard, index) => tryTable(shard, table, index, making));
    await servers.onEach((shard) => checkCluster(shard, servers, table));
    await servers.onEach((shard) => shard.run(deleteRowsSql(table, 'c0 = 0', making)));
  } finally {
    await servers.onEach((shard) => shard.run(dropTableSql(table, making))).catch(() => undefined);
  }
}

async function checkVersion(shard: ClickhouseShard): Promise<void> {
  const [row] = await explained(shard, () => shard.rows<[string]>('SELECT version()'));
  const version = row?.[0] ?? '';
  const [year = 0, release = 0] = version.split('.').map(Number);
  const [leastYear, leastRelease] = LEAST_VERSION;
  if (year > leastYear || (year === leastYear && release >= leastRelease)) return;
  throw new SettingError(
    `ClickHouse ${shard.name} has version ${version}. Thena needs version ${LEAST_VERSION.join('.')} or later.`,
  );
}

/** Makes a table whose only row says which shard it is on, by the statements and settings of loads. */
async function tryTable(shard: ClickhouseShard, table: string, index: number, making: TableMaking): Promise<void> {
  await explained(shard, async () => {
    await shard.run(createTableSql(table, new Map([['c0', 'Nullable(Int64)']]), 'c0', making));
    await shard.run(addColumnsSql(table, new Map([['c1', 'Nullable(String)']]), null, making));
    await prepareEnded(shard, making);
    await shard.insert(insertSql({ table, tag: 0, into: ['c0'] }, COLUMNS, 0), {
      values: Readable.from([Buffer.from(`${index}\n`)]),
      settings: insertSettings({ delimiter: ',', quote: '"', hasFullTimes: true }, `${table}:0:${index}`),
      queryId: insertId(table, 0),
    });
    await endInserts(shard, table, [0]);
  });
}

/** Reads are sent to each of the servers in turn. */
async function checkCluster(reader: ClickhouseShard, servers: ClickhouseServers, table: string): Promise<void> {
  const { cluster, shards } = servers;
  if (cluster === null) return;
  const [known] = await explained(reader, () =>
    reader.rows<[string]>(`SELECT uniqExact(shard_num) FROM system.clusters WHERE cluster = ${literal(cluster)}`),
  );
  const count = Number(known?.[0]);
  if (count === 0) {
    throw new SettingError(
      `ClickHouse ${reader.name} knows no cluster '${cluster}' (THENA_CLICKHOUSE_CLUSTER). SELECT DISTINCT cluster FROM system.clusters lists them.`,
    );
  }
  if (count > shards.length) {
    throw new SettingError(
      `The cluster '${cluster}' of ClickHouse ${reader.name} has ${count} shards. THENA_CLICKHOUSE_URL needs one URL for each, and has ${shards.length}.`,
    );
  }
  const found = await explained(reader, () =>
    throughCluster(reader, cluster, `SELECT c0 FROM ${servers.source(identifier(table))} ORDER BY c0`),
  );
  const seen = found.map(([index]) => Number(index));
  if (seen.length === shards.length && seen.every((index, place) => index === place)) return;
  const missing = shards.filter((_, index) => !seen.includes(index)).map(({ name }) => name);
  throw new SettingError(
    `The cluster '${cluster}' of ClickHouse ${reader.name} lacks ${missing.join(', ')}. THENA_CLICKHOUSE_URL needs one URL for each of its shards.`,
  );
}

/** @throws SettingError if the server cannot connect to another, whose address and password it has in its own configuration */
async function throughCluster(reader: ClickhouseShard, cluster: string, sql: string): Promise<readonly [string][]> {
  try {
    return await reader.rows<[string]>(sql);
  } catch (error) {
    if (!(error instanceof ClickhouseException) || error.code === ACCESS_DENIED) throw error;
    throw new SettingError(
      `ClickHouse ${reader.name} cannot read from all servers of the cluster '${cluster}'. Check their hosts, ports, users and passwords in its remote_servers. ${error.message}`,
    );
  }
}

/** @throws SettingError if the server refuses a statement, or is not trusted; StorageFailure if it does not execute it now */
async function explained<T>(shard: ClickhouseShard, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = certificateRefusal((error as Error).cause);
    if (refusal !== null) throw new SettingError(`ClickHouse ${shard.name} cannot be used: ${refusal}`);
    if (!(error instanceof ClickhouseException)) throw error;
    switch (error.code) {
      case REQUIRED_PASSWORD:
      case AUTHENTICATION_FAILED:
        throw new SettingError(
          `ClickHouse ${shard.name} refuses the user or the password in THENA_CLICKHOUSE_URL. Special characters need percent-encoding.`,
        );
      case ACCESS_DENIED:
        throw new SettingError(
          `The user in THENA_CLICKHOUSE_URL lacks rights on ClickHouse ${shard.name}. It needs ${RIGHTS}. ${error.message}`,
        );
      case UNKNOWN_DATABASE:
        throw new SettingError(
          `ClickHouse ${shard.name} lacks the database that THENA_CLICKHOUSE_URL names. Create it on every shard: CREATE DATABASE …`,
        );
      default:
        // It passes: the start waits for that.
        if (error.reason === 'unavailable') throw error;
        throw new SettingError(`ClickHouse ${shard.name} cannot hold tables of Thena. ${error.message}`);
    }
  }
}
