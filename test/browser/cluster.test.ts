import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { NO_CLUSTER, startCluster, type TestCluster } from '../cluster/start-cluster.ts';
import { call, type RunningThena, upload } from '../server.ts';
import { assertAccessible, assertFitsPhone, browserOrReason, type Visit, visit } from './browser-page.ts';

const { browser, skip } = await browserOrReason();

describe('the page of a cluster', { skip: skip || (NO_CLUSTER ?? false) }, () => {
  let cluster: TestCluster;
  /** The page is from the first node. */
  let node: RunningThena;
  let other: RunningThena;
  let visitor: Visit;
  before(async () => {
    cluster = await startCluster();
    node = await cluster.startNode('first');
    other = await cluster.startNode('second');
  });
  after(async () => {
    await browser.close();
    await cluster.close();
  });
  beforeEach(async () => {
    visitor = await visit(browser, node.url);
  });
  afterEach(() => visitor.close());

  test('shows nothing of a customer that another node has deleted, if another customer has its ID now', async () => {
    await upload(node.url, 'again', 'at,old\n2024-01-01,111\n2024-01-02,112\n');
    const table = await visitor.open('/c/again/table');
    const analysis = await visitor.open('/c/again/analyses?type=top_values&column=old');
    const uploads = await visitor.open('/c/again/uploads');
    await table.getByRole('gridcell', { name: '111', exact: true }).waitFor();
    await table.getByText('111 – 112').waitFor();
    await analysis.getByText('The result is ready.').waitFor({ state: 'attached' });
    await uploads.getByRole('row', { name: /Complete 2$/ }).waitFor();

    await call(`${other.url}/api/v1/customers/again`, { method: 'DELETE' });
    await upload(other.url, 'again', 'at,new\n2025-01-01,221\n2025-01-02,222\n');
    await table.getByRole('columnheader', { name: /new/ }).waitFor();
    await table.getByRole('gridcell', { name: '221', exact: true }).waitFor();
    await table.getByText('221 – 222').waitFor();
    assert.equal(await table.getByRole('gridcell', { name: '111', exact: true }).count(), 0);
    await analysis.getByText(/no column/i).waitFor();
    await uploads.getByText('Jan 1, 2025').waitFor();
    assert.equal(await uploads.getByRole('row', { name: /Complete 2$/ }).count(), 1);
    await call(`${other.url}/api/v1/customers/again`, { method: 'DELETE' });
    await table.getByText('No table yet').waitFor();
    await uploads.getByText('No uploads yet').waitFor();
  });

  test('shows why rows cannot be read while a shard is down, and reads them once it is back', async () => {
    await upload(node.url, 'shard', 'at,n\n2024-01-01,111\n2024-01-02,112\n');
    const second = await upload(node.url, 'shard', 'at,n\n2024-01-01,221\n2024-01-02,222\n');
    const before = await visitor.open('/c/shard/table');
    await before.getByRole('gridcell', { name: '222', exact: true }).waitFor();
    await before.getByText('111 – 222').waitFor();
    const timeline = await visitor.open('/c/shard/uploads');
    const histogram = timeline.getByRole('img', { name: 'Rows of the table over time' });
    await histogram.waitFor();
    const [, shard] = cluster.servers.clickhouse.shards;
    await shard?.kill();
    const during = await visitor.open('/c/shard/table');
    try {
      await during.getByRole('alert').getByText('No response from ClickHouse shard 2 of 2').waitFor();
      await assertAccessible(during, 'rows that cannot be read');
      await assertFitsPhone(during, 'rows that cannot be read');
      await call(`${other.url}/api/v1/uploads/${second.body.id}`, { method: 'DELETE' });
      await before.getByText('2 rows removed by an undo').waitFor();
      // What was read before is not shown as if it were current.
      await before.getByRole('alert').getByText('The page tries again every few seconds.').waitFor();
      await before.getByText('111 – 222').waitFor({ state: 'detached' });
      await histogram.waitFor({ state: 'detached' });
    } finally {
      await shard?.start();
    }
    await histogram.waitFor();
    for (const page of [before, during]) {
      await page.getByText('111 – 112').waitFor();
      await page.getByRole('gridcell', { name: '112', exact: true }).waitFor();
      await page.getByText('The page tries again every few seconds.').waitFor({ state: 'detached' });
      assert.equal(await page.getByRole('gridcell', { name: '222', exact: true }).count(), 0);
    }
  });

  test('says what is wrong while PostgreSQL is down, keeps what was read, and continues once it is back', async () => {
    await upload(node.url, 'catalog', 'at,n\n2024-01-01,1\n2024-01-02,2\n');
    const before = await visitor.open('/c/catalog');
    await before.getByText('Latest uploads').waitFor();
    const during = await visitor.open('/c/catalog/uploads');
    await during.getByRole('row', { name: /Complete 2$/ }).waitFor();
    const { postgres } = cluster.servers;
    await postgres.kill();
    try {
      await during.reload();
      await during.getByText('The catalog database does not answer.').waitFor();
      await during.getByText('The page tries again every few seconds.').waitFor();
      assert.equal(await during.getByText('No uploads yet').count(), 0);
      await assertAccessible(during, 'uploads that cannot be read');
      await assertFitsPhone(during, 'uploads that cannot be read');
      await before.getByText('What you see may be outdated. It is read again every few seconds.').waitFor();
      assert.equal(await before.getByRole('row', { name: /Complete 2$/ }).count(), 1);
      await before.getByRole('link', { name: 'Table', exact: true }).click();
      await before.getByRole('alert').getByText('The page tries again every few seconds.').waitFor();
    } finally {
      await postgres.start();
    }
    await during.getByRole('row', { name: /Complete 2$/ }).waitFor();
    await before.getByRole('gridcell', { name: '2', exact: true }).waitFor();
    for (const page of [before, during]) {
      await page.getByText('The page tries again every few seconds.').waitFor({ state: 'detached' });
      await page.getByText('What you see may be outdated').waitFor({ state: 'detached' });
    }
  });
});
