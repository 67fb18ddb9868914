import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NodeInstance } from '../../../src/catalog/node.ts';
import { newUploadId } from '../../../src/model/ids.ts';
import { customerId, receptionOf, tableOf } from '../../builders.ts';
import { A, B, type CatalogUnderTest, FAILED, FILE, LEASE_MS, leaseOf } from './catalog-under-test.ts';

const DEAD_MS = 15_000;
const LATE_WRITES_MS = 3_600_000;
const instance = (nodeId: string, instanceId: string): NodeInstance => ({ nodeId, instanceId });
const NODE_A = instance('node 1', 'a');
const NODE_B = instance('node 2', 'b');

export function nodesContract(t: CatalogUnderTest): void {
  describe('nodes', () => {
    it('are alive until another instance of the same node has registered, or they were not seen for too long', async () => {
      for (const node of [NODE_A, NODE_B]) await t.catalog.registerInstance(node, false);
      assert.deepEqual(await t.catalog.liveInstances(), new Set(['a', 'b']));
      await t.catalog.registerInstance(instance('node 1', 'a2'), false);
      assert.deepEqual([await t.catalog.heartbeat(NODE_A), await t.catalog.heartbeat(NODE_B)], ['replaced', 'alive']);
      t.clock += DEAD_MS - 1;
      assert.deepEqual(await t.catalog.expireInstances(NODE_B, DEAD_MS), []);
      await t.catalog.heartbeat(instance('node 1', 'a2'));
      t.clock += 1;
      // It does not judge itself.
      assert.deepEqual(await t.catalog.expireInstances(NODE_B, DEAD_MS), []);
      t.clock += DEAD_MS;
      assert.deepEqual(await t.catalog.expireInstances(NODE_B, DEAD_MS), ['node 1']);
      assert.equal(await t.catalog.heartbeat(instance('node 1', 'a2')), 'expired');
      assert.equal(await t.catalog.heartbeat(NODE_B), 'alive');
      await t.catalog.registerInstance(NODE_A, false);
      t.clock -= DEAD_MS;
      assert.deepEqual(await t.catalog.expireInstances(NODE_B, DEAD_MS), ['node 1'], 'the clock was set back');
      await t.catalog.removeInstance(NODE_B);
      assert.deepEqual(await t.catalog.liveInstances(), new Set());
    });

    it('are known with their versions, and when they were last seen', async () => {
      const at = t.clock;
      await t.catalog.registerInstance({ ...NODE_B, version: '1.2.3' }, false);
      t.clock += 5;
      await t.catalog.registerInstance(NODE_A, false);
      const [first, second] = [
        { nodeId: 'node 1', version: null, startedAt: new Date(at + 5), seenMs: 0 },
        { nodeId: 'node 2', version: '1.2.3', startedAt: new Date(at), seenMs: 5 },
      ];
      assert.deepEqual(await t.catalog.nodes(), [first, second]);
      await t.catalog.removeInstance(NODE_A);
      assert.deepEqual(await t.catalog.nodes(), [second]);
    });

    it('keep their leases when others start, and lose them when they are dead', async () => {
      await t.catalog.registerInstance(NODE_A, false);
      const queued = await t.received('a');
      await t.claimed(A);
      const { id: uploadId } = await t.receiving('b');
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...A }));
      await t.catalog.registerInstance(NODE_B, false);
      await t.catalog.releaseDeadLeases();
      assert.equal(await t.catalog.claimNext(B), null);
      assert.equal(await t.statusOf(queued.id), 'ingesting');
      await t.catalog.registerInstance(instance('node 1', 'a2'), false);
      await t.catalog.releaseDeadLeases();
      assert.equal((await t.claimed(B)).upload.id, queued.id);
      assert.ok(await t.catalog.claimReceiving({ uploadId, ...B }));
    });

    it('that are dead leave the uploads that they were receiving', async () => {
      for (const node of [NODE_A, NODE_B]) await t.catalog.registerInstance(node, false);
      const [dead] = [await t.receiving('a', { receiver: 'a' }), await t.receiving('b', { receiver: 'b' })];
      await t.acknowledged((await t.receiving('c', { receiver: 'a' })).id, FILE, 'a');
      assert.deepEqual(await t.catalog.deadReceptions(), []);
      await t.catalog.registerInstance(instance('node 1', 'a2'), false);
      const found = [{ uploadId: dead.id, receiver: 'a', customerId: customerId('a') }];
      assert.deepEqual(await t.catalog.deadReceptions(), found);
      for (const reception of found) await t.catalog.deleteUpload(reception);
      assert.deepEqual(await t.catalog.deadReceptions(), []);
      assert.equal(await t.catalog.findCustomer(customerId('a')), null);
    });

    it('are all dead when an instance starts that is the only process', async () => {
      for (const node of [NODE_A, NODE_B]) await t.catalog.registerInstance(node, false);
      await t.received('a');
      const claim = await t.claimed(A);
      await t.catalog.registerInstance(instance('node 3', 'c'), true);
      assert.deepEqual(await t.catalog.liveInstances(), new Set(['c']));
      await t.catalog.releaseDeadLeases();
      const [dead] = await t.catalog.deadTags();
      assert.deepEqual([dead?.tag, dead?.mayBeWritten], [claim.tag, false]);
    });
  });

  describe('a reception', () => {
    it('is acknowledged and deleted only by the instance that receives the upload now', async () => {
      for (const node of [NODE_A, NODE_B]) await t.catalog.registerInstance(node, false);
      const id = newUploadId();
      await t.receiving('a', { id, receiver: 'a' });
      await assert.rejects(t.catalog.markReceived(receptionOf(id, 'b'), FILE), { code: 'upload_not_found' });
      await t.catalog.deleteUpload(receptionOf(id, 'b'));
      assert.equal(await t.statusOf(id), 'receiving');
      // Another node takes over a file that arrives in several requests.
      await t.catalog.deleteUpload(receptionOf(id, 'a'));
      await t.receiving('a', { id, receiver: 'b' });
      await assert.rejects(t.catalog.markReceived(receptionOf(id, 'a'), FILE), { code: 'upload_not_found' });
      await t.catalog.deleteUpload(receptionOf(id, 'a'));
      assert.equal((await t.catalog.markReceived(receptionOf(id, 'b'), FILE)).kind, 'received');
    });

    it('is not acknowledged by an instance that is dead, even if it registers the upload afterwards', async () => {
      await t.catalog.registerInstance(NODE_A, false);
      const { id: before } = await t.receiving('a', { receiver: 'a' });
      await t.catalog.registerInstance(instance('node 1', 'a2'), false);
      const { id: after } = await t.receiving('a', { receiver: 'a' });
      for (const id of [before, after]) {
        await assert.rejects(t.catalog.markReceived(receptionOf(id, 'a'), FILE), { code: 'upload_not_found' });
      }
    });
  });

  describe('a lost tag', () => {
    const dead = async () => (await t.catalog.deadTags()).map(({ tag, mayBeWritten }) => [tag, mayBeWritten]);

    it('may be written for a while: it is purged at once, which is tried until it succeeds, and not forgotten before that', async () => {
      await t.received('a');
      const first = await t.claimed(A);
      t.clock += LEASE_MS;
      for (let attempt = 0; attempt < 2; attempt++) {
        assert.deepEqual(await dead(), [[1, true]]);
        t.clock += 1;
      }
      await t.catalog.markPurged(tableOf('a', first.tableId), 1);
      assert.deepEqual(await dead(), []);
      const second = await t.claimed(B);
      t.clock += LATE_WRITES_MS - LEASE_MS / 2;
      assert.deepEqual(await dead(), [[2, true]], 'the lease of the second attempt has expired, too');
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1, 2]);
      await t.catalog.markPurged(tableOf('a', second.tableId), 2);
      t.clock += LEASE_MS;
      assert.deepEqual(await dead(), [[1, false]]);
    });

    it('is not written any more once its attempt, or its process, has ended', async () => {
      await t.catalog.registerInstance(NODE_A, false);
      for (const customer of ['a', 'b']) await t.received(customer);
      const [first, second] = [await t.claimed(A), await t.claimed(A)];
      await t.catalog.endAttempt({ ...leaseOf(first), outcome: FAILED });
      assert.deepEqual(await dead(), [[1, false]]);
      t.clock += LEASE_MS;
      assert.deepEqual(await dead(), [
        [1, false],
        [1, true],
      ]);
      await t.catalog.removeInstance(NODE_A);
      assert.deepEqual(await dead(), [
        [1, false],
        [1, false],
      ]);
      assert.equal(second.upload.customerId, 'b');
    });

    it('is not forgotten while an attempt holds it', async () => {
      await t.received('a');
      const { tableId } = await t.claimed();
      await t.catalog.forgetTags(tableOf('a', tableId), [1]);
      assert.deepEqual(await t.catalog.uncommittedTags(customerId('a')), [1]);
    });
  });
}
