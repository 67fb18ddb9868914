import { after, before, describe, it } from 'node:test';
import { NO_CLUSTER } from '../start-cluster.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';
import { killNodeAt } from './node-failpoint.ts';
import { pauseNodeAt } from './paused-node.ts';

// The other node waits until it takes one for dead: two clusters do so at the same time.
describe('one of two nodes', { skip: NO_CLUSTER ?? false, concurrency: true }, () => {
  describe('that is killed', { concurrency: 1 }, () => {
    let crash: CrashCluster;
    before(async () => {
      crash = await startCrashCluster();
    });
    after(() => crash.remove());

    for (const failpoint of ['segment_appended', 'committing'] as const) {
      it(`at ${failpoint} and started again leaves nothing undone, and nothing twice`, () =>
        killNodeAt(crash, failpoint, true));
    }

    it('at rows_durable and not started again has the other one take over', () =>
      killNodeAt(crash, 'rows_durable', false));
  });

  describe('that is paused past its lease and continued', { concurrency: 1 }, () => {
    let crash: CrashCluster;
    before(async () => {
      crash = await startCrashCluster();
    });
    after(() => crash.remove());

    it('at committing stores nothing twice, loses nothing, and stops', () => pauseNodeAt(crash, 'committing'));
  });
});
