import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { customerId } from '../../builders.ts';
import { apiKeysContract } from './api-keys.ts';
import { attemptsContract } from './attempts.ts';
import { cancelUndoContract } from './cancel-undo.ts';
import { type CatalogDatabase, CatalogUnderTest, YEAR_9999 } from './catalog-under-test.ts';
import { columnTypesContract } from './column-types.ts';
import { commitContract } from './commit.ts';
import { customersContract } from './customers.ts';
import { nodesContract } from './nodes.ts';
import { queueContract } from './queue.ts';
import { queueLimitsContract } from './queue-limits.ts';
import { repeatedUploadsContract } from './repeated-uploads.ts';
import { resumableFilesContract } from './resumable-files.ts';
import { sessionsContract } from './sessions.ts';
import { shardsContract } from './shards.ts';
import { sharedAnalysesContract } from './shared-analyses.ts';
import { sharedUploadsContract } from './shared-uploads.ts';
import { tableIdsContract } from './table-ids.ts';
import { tableStatesContract } from './table-states.ts';
import { uploadsContract } from './uploads.ts';
import { webhooksContract } from './webhooks.ts';

/**
 * Defines the tests that every catalog must pass.
 *
 * @param name of the implementation
 * @param makeDatabase creates an empty database; called before every test
 */
export function catalogContract(name: string, makeDatabase: () => Promise<CatalogDatabase>): void {
  describe(`the catalog in ${name}`, () => {
    const t = new CatalogUnderTest(makeDatabase);
    customersContract(t);
    apiKeysContract(t);
    sessionsContract(t);
    uploadsContract(t);
    repeatedUploadsContract(t);
    queueContract(t);
    queueLimitsContract(t);
    attemptsContract(t);
    commitContract(t);
    cancelUndoContract(t);
    columnTypesContract(t);
    tableIdsContract(t);
    tableStatesContract(t);
    sharedUploadsContract(t);
    sharedAnalysesContract(t);
    webhooksContract(t);
    resumableFilesContract(t);
    nodesContract(t);
    shardsContract(t);

    it('is complete when it is opened again', async () => {
      await t.catalog.createCustomer({ id: customerId('new'), timeColumn: 'at', columns: null });
      await t.appended('a', { latestAt: YEAR_9999 });
      const waiting = await t.received('a');
      const claim = await t.claimed();
      const key = await t.addKey('a', 'k1');
      const customers = await t.catalog.listCustomers({ after: null, limit: 9 });
      const uploads = await t.catalog.listUploads(customerId('a'), { after: null, limit: 9 });
      await t.catalog.close();
      t.catalog = await t.connect();
      assert.deepEqual(await t.catalog.listCustomers({ after: null, limit: 9 }), customers);
      assert.deepEqual(await t.catalog.listUploads(customerId('a'), { after: null, limit: 9 }), uploads);
      assert.deepEqual(await t.catalog.listKeys(customerId('a')), [key]);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [claim.tag]);
      assert.equal((await t.commit(claim)).id, waiting.id);
    });

    it('has one clock, which its connections share', async () => {
      const other = await t.connect();
      t.clock += 90_000;
      assert.deepEqual([await t.catalog.now(), await other.now()], [t.clock, t.clock]);
    });

    it('answers a ping until it is closed', async () => {
      await t.catalog.ping();
      await t.catalog.close();
      await assert.rejects(t.catalog.ping());
    });
  });
}
