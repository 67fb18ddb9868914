import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { asNode } from './clickhouse-server.ts';

/** Running servers on which clusters are created. */
export interface ServerAddresses {
  /** A database of PostgreSQL that exists. */
  readonly postgres: string;
  /** A server for each shard. */
  readonly clickhouse: readonly string[];
  /** The name of the shards; null: there is one server. */
  readonly shards: string | null;
  /** The folder in which spools are created. */
  readonly folder: string;
}

/** The settings that make a node a part of a cluster. */
export type ClusterEnvironment = Readonly<Record<string, string>>;

/** Creates empty databases on the servers and an empty spool. */
export async function createCluster({
  postgres,
  clickhouse,
  shards,
  folder,
}: ServerAddresses): Promise<ClusterEnvironment> {
  const name = `thena_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client(postgres);
  await client.connect();
  await client.query(`create database ${name}`).finally(() => client.end());
  for (const url of clickhouse) {
    const response = await fetch(url, { method: 'POST', body: `CREATE DATABASE ${name}` });
    if (!response.ok) throw new Error(await response.text());
  }
  const spool = join(folder, name);
  mkdirSync(spool);
  return {
    THENA_DATABASE_URL: Object.assign(new URL(postgres), { pathname: `/${name}` }).href,
    THENA_CLICKHOUSE_URL: clickhouse.map((url) => asNode(url, name)).join(','),
    ...(shards !== null && { THENA_CLICKHOUSE_CLUSTER: shards }),
    THENA_SPOOL_URL: pathToFileURL(spool).href,
  };
}
