import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { put, resultRows, totalRows, WAIT } from '../server.ts';
import { NO_CLUSTER, startCluster, type TestCluster } from './start-cluster.ts';

const CUSTOMER = 'restored';

/** The statement of docs/cluster.md that writes the statements to be run on each shard. */
function documented(): string {
  const page = readFileSync(new URL('../../docs/cluster.md', import.meta.url), 'utf8');
  return /```sql\n(SELECT format[\s\S]*?)```/.exec(page)?.[1] ?? '';
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

  const client = new pg.Client(backup);
  await client.connect();
  const { rows } = await client.query<{ readonly format: string }>(documented()).finally(() => client.end());
  assert.equal(rows.length, 1);
  for (const shard of (environment.THENA_CLICKHOUSE_URL ?? '').split(',').map((each) => new URL(each))) {
    const database = shard.pathname.slice(1);
    const statements = [...rows.map(({ format }) => format), 'DROP TABLE IF EXISTS thena._thena_ended'];
    for (const sql of statements) {
      const response = await fetch(shard.origin, { method: 'POST', body: sql.replace('thena.', `${database}.`) });
      assert.equal(response.status, 200, await response.text());
    }
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
