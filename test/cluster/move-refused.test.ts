import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, it } from 'node:test';
import pg from 'pg';
import { begin } from '../http/tus-requests.ts';
import { put, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { createCluster } from './create-cluster.ts';
import { moves, outcomeOf } from './moves.ts';
import { NO_CLUSTER } from './start-cluster.ts';

const ROWS = 100_000;

describe('a move', { skip: NO_CLUSTER ?? false, timeout: 300_000 }, () => {
  const made = moves();
  const disks: string[] = [];
  afterEach(() => {
    for (const disk of disks.splice(0)) spawnSync('umount', [disk]);
  });

  async function filled(customers: readonly string[]): Promise<string> {
    const folder = made.dataDir();
    const source = await startThena({ THENA_DATA_DIR: folder });
    for (const [number, customer] of customers.entries()) {
      const rows = Array.from({ length: ROWS }, (_, row) => `${((number * ROWS + row) * 2_654_435_761) % 1e12}\n`);
      await put(source.url, customer, `n\n${rows.join('')}`, WAIT);
    }
    await source.stop();
    return folder;
  }
  const assertMoved = async ({ url }: RunningThena, customers: readonly string[]): Promise<void> => {
    for (const customer of customers) assert.equal(await totalRows(url, customer), ROWS);
  };
  /** Lets something happen once the first customer was moved. */
  async function interrupted(args: readonly string[], happen: () => unknown) {
    const child = made.start(args);
    let isFirst = true;
    child.stdout?.on('data', () => {
      if (isFirst) happen();
      isFirst = false;
    });
    return outcomeOf(child);
  }

  it('ends with a clear error if a server goes away, and continues', async () => {
    const customers = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6'];
    const from = await filled(customers);
    const [, shard] = made.servers.clickhouse.shards;
    assert.ok(shard);
    const first = await interrupted(['--from', from], () => shard.kill());
    assert.equal(first.code, 1, first.output);
    assert.match(first.output, /failed: ClickHouse 127\.0\.0\.1:\d+ .*\. The same command continues it\.$/m);
    await shard.start();
    const second = await interrupted(['--from', from], () => made.servers.postgres.kill());
    assert.equal(second.code, 1, second.output);
    assert.match(second.output, /failed: The catalog database does not answer\. The same command continues it\.$/m);
    await made.servers.postgres.start();
    const ended = await made.move('--from', from);
    assert.equal(ended.code, 0, ended.output);
    const node = await startThena(made.cluster);
    await assertMoved(node, customers).finally(() => node.stop());
  });

  it('ends with a clear error if the disk of the target is full, and continues', async (t) => {
    const disk = made.dataDir();
    const mount = (...options: readonly string[]) => spawnSync('mount', [...options, disk]).status === 0;
    if (!mount('-t', 'tmpfs', '-o', 'size=24m', 'tmpfs')) return t.skip('needs the permission to mount a file system');
    disks.push(disk);
    const customers = ['c1', 'c2', 'c3'];
    assert.equal((await made.move('--from', await filled(customers))).code, 0);
    const to = join(disk, 'data');
    appendFileSync(join(disk, 'other'), Buffer.alloc(21 * 1024 * 1024));
    const full = await made.move('--to', to);
    assert.equal(full.code, 1, full.output);
    assert.match(full.output, /failed: .*(space|full).* The same command continues it\.$/m);
    rmSync(join(disk, 'other'));
    const ended = await made.move('--to', to);
    assert.equal(ended.code, 0, ended.output);
    const target = await startThena({ THENA_DATA_DIR: to });
    await assertMoved(target, customers).finally(() => target.stop());
  });

  it('does not end while a node runs that was started during a pause of the move, and continues', async () => {
    const customers = ['c1', 'c2', 'c3'];
    const from = await filled(customers);
    assert.equal((await made.move('--from', from)).code, 0);
    const to = made.dataDir();
    const database = new pg.Client(made.cluster.THENA_DATABASE_URL);
    await database.connect();
    try {
      const outcome = await interrupted(['--to', to], () =>
        database.query(
          `insert into nodes (node_id, instance_id, started_at, seen_at)
            select 'late', 'late', ms, ms from (select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms) now`,
        ),
      );
      assert.equal(outcome.code, 2, outcome.output);
      assert.match(outcome.output, /These nodes of the cluster are running: late\./);
      await database.query(`delete from nodes where node_id = 'late'`);
    } finally {
      await database.end();
    }
    const ended = await made.move('--to', to);
    assert.equal(ended.code, 0, ended.output);
    const moved = await startThena({ THENA_DATA_DIR: to });
    await assertMoved(moved, customers).finally(() => moved.stop());
  });

  it('is refused by a source that cannot be written to, and by one whose table a shard has lost', async (t) => {
    const from = await filled(['a', 'b']);
    const first = await made.move('--from', from);
    assert.match(first.output, /^Moved 2 customers\. /m);
    const [url = ''] = made.cluster.THENA_CLICKHOUSE_URL?.split(',') ?? [];
    const { origin, pathname } = new URL(url);
    const ask = async (sql: string) => (await fetch(origin, { method: 'POST', body: sql })).text();
    const table = (await ask(`SHOW TABLES FROM ${pathname.slice(1)} LIKE 'b\\_%'`)).trim();
    await ask(`DROP TABLE ${pathname.slice(1)}.${table} SYNC`);
    const lost = await made.move('--to', made.dataDir());
    assert.equal(lost.code, 1, lost.output);
    assert.match(lost.output, new RegExp(`failed: the table ${table} is missing on a shard: attach it again`));
    const disk = made.dataDir();
    if (spawnSync('mount', ['--bind', from, disk]).status !== 0)
      return t.skip('needs the permission to mount a folder');
    disks.push(disk);
    spawnSync('mount', ['-o', 'remount,bind,ro', disk]);
    made.cluster = await createCluster(made.servers.addresses);
    const readOnly = await made.move('--from', disk);
    assert.equal(readOnly.code, 2, readOnly.output);
    assert.match(readOnly.output, /^Thena: Cannot use the data folder .* Also a source has to be writable/);
  });

  it('refuses targets and sources that it must not use', async () => {
    const from = await filled([]);
    const node = await startThena(made.cluster);
    await begin(node.url, 5, { customer_id: 'only-a-file' });
    await node.stop();
    const refused = async (why: RegExp, ...args: readonly string[]): Promise<void> => {
      const { code, output } = await made.move(...args);
      assert.equal(code, 2, output);
      assert.match(output, why);
    };
    await refused(/has customers already/, '--from', from);
    await refused(/has no data of Thena/, '--from', made.dataDir());
    const client = new pg.Client(made.cluster.THENA_DATABASE_URL);
    await client.connect();
    await client.query(`insert into kysely_migration values ('9999-newer', 'now')`).finally(() => client.end());
    await refused(/created by a newer version/, '--from', from);
    await refused(/created by a newer version/, '--to', made.dataDir());
    const catalog = new DatabaseSync(join(from, 'catalog.sqlite'));
    catalog.exec(`insert into kysely_migration values ('9999-newer', 'now')`);
    catalog.close();
    made.cluster = await createCluster(made.servers.addresses);
    await refused(/catalog\.sqlite was created by a newer version/, '--from', from);
  });
});
