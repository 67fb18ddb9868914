import { SettingError } from '../../setting-error.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { identifier, literal } from './clickhouse-sql.ts';
import { identityTableSql, type TableMaking, tablesOfCustomers } from './physical-table.ts';

/** The table of each shard that says to which catalog its tables belong, and which of its shards it is. */
const IDENTITY = '_thena_shard';

/** What the catalog knows. */
export interface ExpectedShards {
  readonly catalogId: string;
  /** The catalog, for people. */
  readonly catalogName: string;
  /** Their addresses when they were last seen, in their order. */
  readonly names: readonly string[];
}

/** The addresses of the servers for people, without secrets. */
export function shardNames({ shards, database }: ClickhouseServers): readonly string[] {
  return shards.map(({ name }) => `${name}/${database}`);
}

/** The shard of a catalog, from 1. */
type Identity = readonly [catalogId: string, position: number];

/**
 * Checks that the servers are the shards of the catalog, in their order, except for new ones at the end: they have no tables, and no other
 * identity.
 *
 * @throws SettingError that says what differs
 */
export async function requireShards(
  servers: ClickhouseServers,
  expected: ExpectedShards,
  making: TableMaking,
): Promise<void> {
  const found = await servers.onEach(async (shard, index) => {
    await shard.run(identityTableSql(IDENTITY, making));
    const identities = await shard.rows<Identity>(`SELECT DISTINCT catalog_id, position FROM ${identifier(IDENTITY)}`);
    const isUsed = identities.length === 0 && (await hasTables(servers, shard));
    return differenceOf(shardNames(servers)[index] ?? shard.name, index, identities, isUsed, expected);
  });
  const missing = expected.names
    .map((name, index) => `Place ${index + 1}: nothing is listed, and it was ${name}`)
    .slice(servers.shards.length);
  const differences = [...found.filter((difference) => difference !== null), ...missing];
  if (differences.length === 0) return;
  const { catalogName, names } = expected;
  const order = names.length === 0 ? 'has no shards yet' : `has the shards ${names.join(', ')}, in this order`;
  throw new SettingError(
    `THENA_CLICKHOUSE_URL does not list the shards of the catalog ${catalogName} (THENA_DATABASE_URL), which ${order}. ${differences.join('. ')}. See "Identity of the shards" in docs/cluster.md.`,
  );
}

/** Writes their identities to the shards that have none. They are checked. */
export async function markShards(servers: ClickhouseServers, { catalogId }: ExpectedShards): Promise<void> {
  await servers.onEach(async (shard, index) => {
    const found = await shard.rows(`SELECT 1 FROM ${identifier(IDENTITY)} LIMIT 1`);
    if (found.length > 0) return;
    // Of two nodes that start at the same moment, both write the same.
    await shard.run(
      `INSERT INTO ${identifier(IDENTITY)} (catalog_id, position) SETTINGS async_insert = 0 VALUES (${literal(catalogId)}, ${index + 1})`,
    );
  });
}

/** @returns what is wrong with a server; null if nothing is */
function differenceOf(
  name: string,
  index: number,
  identities: readonly Identity[],
  isUsed: boolean,
  { catalogId, names }: ExpectedShards,
): string | null {
  const place = `Place ${index + 1}: ${name}`;
  if (identities.some(([id]) => id !== catalogId)) return `${place} belongs to another catalog`;
  const other = identities.find(([, position]) => position !== index + 1);
  if (other) return `${place} is shard ${other[1]}`;
  if (identities.length > 0) return null;
  const was = names[index];
  if (was !== undefined) return `${place} is not the shard that was at ${was}: it has no identity`;
  return isUsed ? `${place} has tables of customers, but no identity` : null;
}

async function hasTables(servers: ClickhouseServers, shard: ClickhouseShard): Promise<boolean> {
  const found = await shard.rows(`SELECT 1 FROM system.tables WHERE ${tablesOfCustomers(servers.database)} LIMIT 1`);
  return found.length > 0;
}
