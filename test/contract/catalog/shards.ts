import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CatalogUnderTest } from './catalog-under-test.ts';

const UNSEEN_MS = 15_000;
const NODE = { nodeId: 'node 1', instanceId: 'a' };

export function shardsContract(t: CatalogUnderTest): void {
  describe('a chore', () => {
    it('is taken by one of all nodes within its time', async () => {
      const taken = await Promise.all(Array.from({ length: 5 }, () => t.catalog.takeChore('sweep', UNSEEN_MS)));
      assert.deepEqual(taken.toSorted(), [false, false, false, false, true]);
      assert.equal(await t.catalog.takeChore('other', UNSEEN_MS), true);
      t.clock += UNSEEN_MS - 1;
      assert.equal(await t.catalog.takeChore('sweep', UNSEEN_MS), false);
      t.clock += 1;
      assert.equal(await t.catalog.takeChore('sweep', UNSEEN_MS), true);
      t.clock -= 1;
      assert.equal(await t.catalog.takeChore('sweep', UNSEEN_MS), true, 'the clock was set back');
    });
  });

  describe('the spool', () => {
    it('has the identity that was recorded first', async () => {
      assert.equal(await t.catalog.knownSpool(), null);
      const recorded = await Promise.all(['a', 'b', 'c'].map((identity) => t.catalog.recordSpool(identity)));
      assert.equal(new Set(recorded).size, 1);
      assert.equal(await t.catalog.recordSpool('d'), recorded[0]);
      assert.equal(await t.catalog.knownSpool(), recorded[0]);
    });
  });

  describe('shards', () => {
    it('are known in their order, with the identity of the catalog, to which none is added while a node is alive', async () => {
      const { catalogId, names } = await t.catalog.knownShards();
      assert.match(catalogId, /^[0-9a-f]{16}$/);
      assert.deepEqual(names, []);
      assert.deepEqual(await t.catalog.recordShards(['b', 'a'], UNSEEN_MS), []);
      assert.deepEqual(await t.catalog.knownShards(), { catalogId, names: ['b', 'a'] });
      await t.catalog.registerInstance(NODE, false);
      assert.deepEqual(await t.catalog.recordShards(['b', 'a', 'c'], UNSEEN_MS), ['node 1']);
      // The servers are the same at another address.
      assert.deepEqual(await t.catalog.recordShards(['b', 'a2'], UNSEEN_MS), []);
      assert.deepEqual((await t.catalog.knownShards()).names, ['b', 'a2']);
      await t.catalog.removeInstance(NODE);
      assert.deepEqual(await t.catalog.recordShards(['b', 'a2', 'c'], UNSEEN_MS), []);
      assert.deepEqual((await t.catalog.knownShards()).names, ['b', 'a2', 'c']);
    });

    it('are added while a node registers either without it, or before it has looked at them', async () => {
      const names = ['a'];
      await t.catalog.recordShards(names, UNSEEN_MS);
      for (let round = 0; round < 20; round++) {
        const longer = [...names, `${round}`];
        const [known, refusing] = await Promise.all([
          t.catalog.registerInstance(NODE, false).then(() => t.catalog.knownShards()),
          t.catalog.recordShards(longer, UNSEEN_MS),
        ]);
        if (refusing.length === 0) names.push(`${round}`);
        assert.deepEqual(known.names, names);
        await t.catalog.removeInstance(NODE);
      }
    });

    it('are added if the other nodes have not been seen for long, which then are dead', async () => {
      await t.catalog.recordShards(['a'], UNSEEN_MS);
      await t.catalog.registerInstance(NODE, false);
      t.clock += UNSEEN_MS - 1;
      assert.deepEqual(await t.catalog.recordShards(['a', 'b'], UNSEEN_MS), ['node 1']);
      t.clock += 1;
      assert.deepEqual(await t.catalog.recordShards(['a', 'b'], UNSEEN_MS), []);
      assert.equal(await t.catalog.heartbeat(NODE), 'expired');
    });
  });
}
