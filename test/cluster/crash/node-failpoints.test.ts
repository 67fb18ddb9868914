import { after, before, describe, it } from 'node:test';
import { NO_CLUSTER } from '../start-cluster.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';
import { killNodeAt } from './node-failpoint.ts';

describe('a node that is killed', { skip: NO_CLUSTER ?? false }, () => {
  let crash: CrashCluster;
  before(async () => {
    crash = await startCrashCluster();
  });
  after(() => crash.remove());

  for (const failpoint of ['registered', 'segment_appended', 'committing'] as const) {
    it(`at ${failpoint} and started again leaves nothing undone, and nothing twice`, () =>
      killNodeAt(crash, failpoint, true));
  }

  it('at rows_durable and not started again has the other node take over', () =>
    killNodeAt(crash, 'rows_durable', false));
});
