import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import type { Claim } from '../../src/catalog/upload-queue.ts';
import type { Observation } from '../../src/events.ts';
import { removeDeadRows } from '../../src/ingest/upkeep/remove-dead-rows.ts';
import { removeStrayTables } from '../../src/ingest/upkeep/stray-tables.ts';
import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import type { LoadSession, TableStore } from '../../src/table-store/table-store.ts';
import { newUpload, parsedFile, receivedFile, receptionOf, registerReceiver } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';
import { startThena, totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import { CLUSTER } from './clickhouse-server.ts';
import { clickhouseStore } from './clickhouse-store.ts';
import { ClusterContents } from './crash/cluster-contents.ts';
import { createCluster } from './create-cluster.ts';
import { type ClusterServers, NO_CLUSTER, startClusterServers } from './start-cluster.ts';

const N = [{ name: 'n', type: 'integer' }] as const;
const HOUR_MS = 3_600_000;

let servers: ClusterServers;
let running: EngineInFolder;
before(async () => {
  if (NO_CLUSTER !== null) return;
  servers = await startClusterServers();
  running = await engineInFolder();
});
after(async () => {
  await running?.close();
  await servers?.remove();
});

test('a table that a process creates after its attempt was forgotten is dropped, and no other', {
  skip: NO_CLUSTER ?? false,
}, async () => {
  const environment = await createCluster(servers.addresses);
  const contents = new ClusterContents(environment);
  const catalog = await openPostgresCatalog(environment.THENA_DATABASE_URL ?? '');
  const urls = (environment.THENA_CLICKHOUSE_URL ?? '').split(',');
  const clickhouse = new ClickhouseServers({ urls, cluster: CLUSTER });
  const tables = clickhouseStore(clickhouse, running);
  const observed: Observation[] = [];
  const deps = { catalog, tables, observe: (each: Observation) => void observed.push(each) };
  try {
    await registerReceiver(catalog);
    const current = await claimed(catalog, 'current', HOUR_MS);
    await appended(await begun(tables, current), '');
    const loading = await claimed(catalog, 'loading', HOUR_MS);
    const suspended = await claimed(catalog, 'suspended', 0);
    const session = await begun(tables, suspended);

    // Another node takes the suspended one for dead, and an hour later it forgets the attempt.
    await removeDeadRows(deps);
    await contents.catalog('update attempts set lost_at = lost_at - $1', [HOUR_MS]);
    await removeDeadRows(deps);
    assert.deepEqual(await catalog.uncommittedTags(suspended.customer.id), []);

    await assert.rejects(session.append(running.source(['n'], '1\n')), /the attempt has ended/);
    await appended(await begun(tables, loading), '');
    // As if it had been restored with an older catalog.
    await clickhouse.reader.run('CREATE TABLE later_0123456789ab ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x');
    // Without rows on the other shard.
    await clickhouse.shards[1]?.run('CREATE TABLE later_0123456789ab (x Int64) ENGINE = MergeTree ORDER BY x');
    await clickhouse.reader.run('CREATE TABLE notes (x Int64) ENGINE = MergeTree ORDER BY x');
    const stray = `${suspended.customer.id}_${suspended.tableId}`;
    assert.deepEqual(new Set(await contents.strayTables()), new Set([stray, 'later_0123456789ab', 'notes']));

    await removeStrayTables(deps);
    assert.ok((await contents.strayTables()).includes(stray), 'it is not old enough');
    await removeStrayTables(deps, undefined, 0);
    assert.deepEqual(new Set(await contents.strayTables()), new Set(['later_0123456789ab', 'notes']));
    assert.deepEqual(
      observed.map(({ kind }) => kind),
      ['stray_table_dropped'],
    );
    const names = (await contents.rows('SHOW TABLES')).flat();
    for (const { customer, tableId } of [current, loading]) {
      assert.equal(names.filter((name) => name === `${customer.id}_${tableId}`).length, 2);
    }
  } finally {
    await clickhouse.close();
    await catalog.close();
  }
});

test('a node drops such tables that are two days old when it starts, if none did so for a day', {
  skip: NO_CLUSTER ?? false,
}, async () => {
  const environment = await createCluster(servers.addresses);
  const contents = new ClusterContents(environment);
  const stray = 'stray_0123456789ab';
  const startNode = () => startThena({ ...environment, THENA_NODE_ID: 'a' });
  const first = await startNode();
  try {
    assert.equal((await upload(first.url, 'c', 'at,n\n2024-01-01,1\n')).body.status, 'complete');
    await until(async () => (await contents.catalog('select name from chores')).length > 0);
  } finally {
    await first.close();
  }
  for (const url of (environment.THENA_CLICKHOUSE_URL ?? '').split(',')) {
    const { origin, pathname } = new URL(url);
    const sql = `CREATE TABLE ${pathname.slice(1)}.${stray} (x Int64) ENGINE = MergeTree ORDER BY x`;
    assert.equal((await fetch(origin, { method: 'POST', body: sql })).status, 200);
  }
  // ClickHouse asks the file system when a table was last changed.
  const files = await contents.rows(
    'SELECT path || metadata_path, name FROM system.tables, system.disks WHERE database = currentDatabase()',
  );
  const past = new Date(Date.now() - 48 * HOUR_MS);
  for (const [path] of files) utimesSync(String(path), past, past);
  assert.deepEqual(await contents.strayTables(), [stray, stray]);
  await contents.catalog('update chores set begun_at = begun_at - $1', [24 * HOUR_MS]);
  const last = await startNode();
  try {
    await until(async () => (await contents.strayTables()).length === 0);
    assert.equal(await totalRows(last.url, 'c'), 1);
  } finally {
    await last.close();
  }
});

async function claimed(catalog: Catalog, customer: string, leaseMs: number): Promise<Claim> {
  const { id } = await catalog.createUpload(newUpload(customer));
  await catalog.markReceived(receptionOf(id), receivedFile());
  const claim = await catalog.claimNext({ owner: 'receiver', leaseMs });
  assert.equal(claim?.upload.id, id);
  return claim as Claim;
}

function begun(tables: TableStore, { customer, tableId, tag }: Claim): Promise<LoadSession> {
  return tables.begin({
    customerId: customer.id,
    tableId,
    tag,
    columns: N,
    file: parsedFile(N),
    timeColumn: null,
    create: true,
  });
}

/** Creates the table of an attempt. */
async function appended(session: LoadSession, csv: string): Promise<void> {
  await session.append(running.source(['n'], csv));
}
