import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { describe, it } from 'node:test';
import { MOVE_FAILPOINTS } from '../../src/failpoints.ts';
import { call, put, type RunningThena, startThena, totalRows, WAIT } from '../server.ts';
import { ClusterContents } from './crash/cluster-contents.ts';
import { ADMIN, everything, get, moves, SETTINGS } from './moves.ts';
import { NO_CLUSTER } from './start-cluster.ts';

/** Two files of a copy. */
const ROWS = 250_100;

describe('an interrupted move', { skip: NO_CLUSTER ?? false, timeout: 300_000 }, () => {
  const made = moves();
  const { dataDir, kill, move, onCluster, onMachine } = made;

  const load = async (thena: RunningThena, customer: string, csv: string, query = '') => {
    const { body } = await put(thena.url, customer, csv, { ...WAIT, ...ADMIN }, query);
    assert.equal(body.status, 'complete', JSON.stringify(body));
    return body;
  };
  const undo = (thena: RunningThena, id: string) =>
    call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE', headers: ADMIN });
  async function filled(): Promise<{ readonly from: string; readonly undoable: string; readonly last: string }> {
    const from = dataDir();
    const source = await onMachine(from);
    for (const id of ['a', 'b', 'c', 'd'])
      await call(`${source.url}/api/v1/customers`, { json: { id }, headers: ADMIN });
    await load(source, 'a', 'at,n\n2024-01-01,1\n,2\n');
    const undoable = await load(source, 'a', 'at,n\n2024-01-02,1.5\n,x\n', '?widen=text');
    const rows = Array.from({ length: ROWS }, (_, row) => `2024-01-01,${row},note ${row % 7}\n`);
    await load(source, 'b', `at,n,note\n${rows.join('')}`);
    const last = await load(source, 'b', 'at,n,note\n2025-01-01,1,x\n');
    await load(source, 'c', 'only\n1\n');
    await load(source, 'd', 'a,b\n1,2\nx,\n,3,4\n', '?on_error=skip');
    await source.stop();
    return { from, undoable: undoable.id, last: last.id };
  }

  it('continues after a kill at every step, in both directions', async () => {
    const { from } = await filled();
    const source = await onMachine(from);
    const before = await everything(source);
    await source.stop();
    // The second file of rows is one of two of an upload.
    const nth = (failpoint: string): number => (failpoint === 'rows_copied' ? 2 : 1);
    for (const [direction, folder, failpoints] of [
      ['--from', from, MOVE_FAILPOINTS],
      ['--to', dataDir(), ['rows_copied', 'customer_copied']],
    ] as const) {
      for (const failpoint of failpoints) await kill(failpoint, nth(failpoint), direction, folder);
      const ended = await move(direction, folder);
      assert.equal(ended.code, 0, ended.output);
      const target = await (direction === '--from' ? onCluster() : onMachine(folder));
      assert.deepEqual(await everything(target), before, direction);
      await target.stop();
    }
  });

  it('has what the source has in the end, even if that was used in between', async () => {
    const { from, undoable, last } = await filled();
    // With the catalog of two customers there, and the rows of the third.
    await kill('table_copied', 3, '--from', from);
    const source = await onMachine(from);
    await undo(source, undoable);
    await load(source, 'a', 'at,n\n2024-01-03,3\n');
    await undo(source, last);
    await load(source, 'b', 'at,n,note\n2026-01-01,2,y\n');
    await undo(source, (await get(source, '/customers/c/uploads')).items[0].id);
    await load(source, 'c', 'other,columns\n1,2\n');
    await call(`${source.url}/api/v1/customers/d`, { method: 'DELETE', headers: ADMIN });
    const now = await everything(source);
    await source.stop();
    await kill('customer_copied', 1, '--from', from);
    const ended = await move('--from', from);
    assert.equal(ended.code, 0, ended.output);
    const node = await onCluster();
    assert.deepEqual(await everything(node), now);
    await load(node, 'a', 'at,n\n2024-01-04,4\n');
    await load(node, 'b', 'at,n,note\n2026-01-01,2,y\n');
    await node.stop();
  });

  it('drops the tables that it has made and the source has replaced, and no other', async () => {
    const from = dataDir();
    const use = async (work: (source: RunningThena) => Promise<unknown>): Promise<void> => {
      const source = await startThena({ THENA_DATA_DIR: from });
      await work(source).finally(() => source.stop());
    };
    const fill = (source: RunningThena, customer: string) => load(source, customer, 'at,n\n2024-01-01,1\n');
    const remove = (source: RunningThena, customer: string) =>
      call(`${source.url}/api/v1/customers/${customer}`, { method: 'DELETE' });
    await use(async (source) => {
      for (const customer of ['a', 'b', 'c']) await fill(source, customer);
    });
    await kill('rows_copied', 1, '--from', from);
    await use(async (source) => {
      await remove(source, 'a');
      await fill(source, 'a');
    });
    const contents = new ClusterContents(made.cluster);
    const tables = async () =>
      new Set((await contents.rows('SHOW TABLES')).flat().filter((name) => !`${name}`.startsWith('_')));
    const [replaced = ''] = await tables();
    assert.match(`${replaced}`, /^a_/);
    // With the catalog of one customer there, and the rows of another.
    await kill('table_copied', 2, '--from', from);
    assert.ok(!(await tables()).has(replaced));
    await use(async (source) => {
      for (const customer of ['a', 'b']) await remove(source, customer);
      await fill(source, 'a');
    });
    const [url = ''] = made.cluster.THENA_CLICKHOUSE_URL?.split(',') ?? [];
    const { origin, pathname } = new URL(url);
    // As if the servers had been restored, with an older catalog.
    const other = `CREATE TABLE ${pathname.slice(1)}.b_0123456789ab ENGINE = MergeTree ORDER BY x AS SELECT 1 AS x`;
    assert.equal((await fetch(origin, { method: 'POST', body: other })).status, 200);
    const ended = await move('--from', from);
    assert.equal(ended.code, 0, ended.output);
    assert.deepEqual(await contents.strayTables(), ['b_0123456789ab']);
    const known = (await contents.catalog('select id, table_id from customers')).map(
      ({ id, table_id }) => `${id}_${table_id}`,
    );
    assert.deepEqual(await tables(), new Set([...known, 'b_0123456789ab']));
    assert.deepEqual(await contents.catalog('select * from move_tables'), []);
    const node = await startThena(made.cluster);
    for (const customer of ['a', 'c']) assert.equal(await totalRows(node.url, customer), 1);
    await node.stop();
  });

  it('into servers that had the data before gives the same answers, and tags can be used again', async () => {
    const { from } = await filled();
    assert.equal((await move('--from', from)).code, 0);
    const node = await onCluster();
    // These tags are those of the next uploads after the second move.
    const undone = await load(node, 'a', 'at,n\n2020-01-01,7\n');
    await undo(node, undone.id);
    await load(node, 'a', 'at,n\n2020-01-01,8\n');
    const { items } = await get(node, '/customers');
    for (const { id } of items) await call(`${node.url}/api/v1/customers/${id}`, { method: 'DELETE', headers: ADMIN });
    await node.stop();
    const again = await move('--from', from);
    assert.equal(again.code, 0, again.output);
    const [target, copy] = [await onCluster(), dataDir()];
    cpSync(from, copy, { recursive: true });
    const source = await startThena({ ...SETTINGS, THENA_DATA_DIR: copy });
    assert.deepEqual(await everything(target), await everything(source));
    await source.stop();
    for (const n of [5, 6]) await load(target, 'a', `at,n\n2024-01-05,${n}\n`);
    assert.equal((await get(target, '/customers/a/table')).rows, 6);
  });
});
