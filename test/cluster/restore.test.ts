import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { put, resultRows, totalRows, WAIT } from '../server.ts';
import { type ClusterEnvironment, createCluster } from './create-cluster.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const CUSTOMER = 'restored';

/** The statement of a section of docs/cluster.md that writes the statements to be run on each shard. */
function documented(section: string): string {
  const page = readFileSync(new URL('../../docs/cluster.md', import.meta.url), 'utf8');
  const [, statement = ''] = /```sql\n(SELECT [\s\S]*?)```/.exec(page.slice(page.indexOf(`## ${section}`))) ?? [];
  return statement;
}

function fileOf(upload: number): string {
  return `upload,n\n${Array.from({ length: 10 }, (_, row) => `${upload},${row}\n`).join('')}`;
}

let cluster: TestCluster;
before(async () => {
  if (NO_CLUSTER === null) cluster = await startCluster();
});
after(() => cluster?.close());

test('a catalog that is older than the tables is restored as documented, and takes uploads again', {
  skip: NO_CLUSTER ?? false,
}, async () => {
  const { environment, servers } = cluster;
  const url = new URL(environment.THENA_DATABASE_URL ?? '');
  const uploadTo = async (node: { readonly url: string }, upload: number): Promise<void> => {
    const { body } = await put(node.url, CUSTOMER, fileOf(upload), WAIT);
    assert.equal(body.status, 'complete', JSON.stringify(body));
  };
  const first = await cluster.startNode('a');
  await uploadTo(first, 1);
  await first.close();

  const backup = await servers.postgres.createDatabase(url.href);
  const second = await cluster.startNode('a');
  await uploadTo(second, 2);
  await uploadTo(second, 3);
  await second.close();

  const written = await rowsOf<{ readonly format: string }>(backup, documented('Backup and restore'));
  assert.equal(written.length, 1);
  for (const shard of shardsOf(environment)) {
    for (const { format } of written) await run(shard, format);
    await run(shard, 'DROP TABLE IF EXISTS thena._thena_ended');
  }

  const third = await cluster.startNode('a', { THENA_DATABASE_URL: backup });
  assert.equal(await totalRows(third.url, CUSTOMER), 10);
  await uploadTo(third, 4);
  const query = { measures: [{ fn: 'count' }], group_by: ['upload'] };
  assert.deepEqual(await resultRows(third.url, CUSTOMER, query), [
    [1, 10],
    [4, 10],
  ]);
});

test('shards that have lost their identity get it back as documented', { skip: NO_CLUSTER ?? false }, async () => {
  const environment = await createCluster(cluster.servers.addresses);
  const first = await cluster.startNode('a', environment);
  assert.equal((await put(first.url, CUSTOMER, fileOf(1), WAIT)).body.status, 'complete');
  await first.close();
  const shards = shardsOf(environment);
  for (const shard of shards) await run(shard, 'DROP TABLE thena._thena_shard');
  await assert.rejects(cluster.startNode('a', environment), /it has no identity/);

  const written = await rowsOf<{ readonly name: string; readonly format: string }>(
    environment.THENA_DATABASE_URL ?? '',
    documented('Identity of the shards'),
  );
  assert.deepEqual(
    written.map(({ name }) => name),
    shards.map(({ host, pathname }) => host + pathname),
  );
  for (const [index, shard] of shards.entries()) await run(shard, written[index]?.format ?? '');
  const second = await cluster.startNode('a', environment);
  const { body } = await put(second.url, CUSTOMER, fileOf(2), WAIT);
  assert.equal(body.receipt.table_rows_after, 20, JSON.stringify(body));
});

function shardsOf({ THENA_CLICKHOUSE_URL = '' }: ClusterEnvironment): readonly URL[] {
  return THENA_CLICKHOUSE_URL.split(',').map((url) => new URL(url));
}

/** Runs a statement of the documentation on a shard. */
async function run(shard: URL, sql: string): Promise<void> {
  const statement = sql.replace('thena.', `${shard.pathname.slice(1)}.`);
  const response = await fetch(shard.origin, { method: 'POST', body: statement });
  assert.equal(response.status, 200, await response.text());
}

async function rowsOf<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client(url);
  await client.connect();
  return client
    .query<Row>(sql)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}
