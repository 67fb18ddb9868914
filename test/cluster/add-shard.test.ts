import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { completeShards } from '../../src/table-store/clickhouse/complete-shards.ts';
import { createTableSql, FEW_TEXTS } from '../../src/table-store/clickhouse/physical-table.ts';
import { CLUSTER, NO_CLICKHOUSE, startClickhouse } from './clickhouse-server.ts';

const TABLE = '1000_0123456789ab';
const MAKING = { engine: 'MergeTree', onCluster: null };

/** The statements of docs/cluster.md that distribute a table again: for the new shard, and for the old one. */
function documented(): readonly [copy: string, remove: string] {
  const page = readFileSync(new URL('../../docs/cluster.md', import.meta.url), 'utf8');
  const [copy = '', remove = ''] = (
    /```sql\n([^`]*(?:`[^`]+`[^`]*)*)```/.exec(page.slice(page.indexOf('## Add a shard')))?.[1] ?? ''
  )
    .split(/^-- .*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  return [copy, remove];
}

test('a new shard gets the tables of the others, and a table is distributed over it by the statements of the documentation, and keeps its rows', {
  skip: NO_CLICKHOUSE ?? false,
}, async () => {
  const servers = await startClickhouse({ shards: 3 });
  try {
    const [copy, remove] = documented();
    const query = async (url: string, sql: string): Promise<string> => {
      const response = await fetch(`${url}/?lightweight_deletes_sync=2`, { method: 'POST', body: sql });
      const text = (await response.text()).trim();
      assert.equal(response.status, 200, text);
      return text;
    };
    const [first = '', second = '', third = ''] = servers.urls;
    const types = new Map([
      ['c0', 'Nullable(Int64)'],
      ['c1', FEW_TEXTS],
    ]);
    const create = createTableSql(TABLE, types, 'c0', MAKING);
    for (const url of servers.urls) await query(url, 'CREATE DATABASE thena');
    for (const url of [first, second]) {
      await query(url, create.replace('`1000', 'thena.`1000'));
    }
    const definition = (url: string) => query(url, `SHOW CREATE TABLE thena.\`${TABLE}\` FORMAT TSVRaw`);
    const urls = servers.urls.map((url) => `${url}/thena`);
    const connected = new ClickhouseServers({ urls, cluster: CLUSTER });
    try {
      await completeShards(connected, 2, MAKING);
      assert.equal(await definition(third), await definition(first));
      // The start was interrupted then, and the nodes have run without the new shard for a while.
      for (const url of [first, second]) {
        await query(url, `ALTER TABLE thena.\`${TABLE}\` ADD COLUMN c2 Nullable(Float64)`);
      }
      await completeShards(connected, 2, MAKING);
      assert.equal(await definition(third), await definition(first));
    } finally {
      await connected.close();
    }
    const rows = (tag: number, from: number): string =>
      `INSERT INTO thena.\`${TABLE}\` SELECT number, NULL, ${tag}, number + ${from}, NULL FROM numbers(400000)`;
    await query(first, rows(1, 0));
    await query(second, rows(1, 400_000));
    await query(first, rows(2, 0));
    const summary = `SELECT count(), sum(cityHash64(c0, _thena_upload, _thena_row)) FROM cluster('${CLUSTER}', thena, '${TABLE}')`;
    const before = await query(first, summary);
    for (const [index, url] of [first, second].entries()) {
      const tcp = await query(url, 'SELECT tcpPort()');
      await query(
        third,
        copy.replace('clickhouse-1:9000', `127.0.0.1:${tcp}`).replace(`'thena', 'secret'`, `'default', ''`),
      );
      await query(url, remove);
      assert.equal(await query(first, summary), before, `after the shard ${index + 1}`);
    }
    const counts = await Promise.all(servers.urls.map((url) => query(url, `SELECT count() FROM thena.\`${TABLE}\``)));
    assert.deepEqual(counts, ['600000', '300000', '300000']);
  } finally {
    await servers.remove();
  }
});
