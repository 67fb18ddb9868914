import { after, before, describe, it } from 'node:test';
import { NO_CLUSTER } from '../start-cluster.ts';
import { CLUSTER_FAILPOINTS } from './cluster-failpoints.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';
import { killNodeAt } from './node-failpoint.ts';

describe('a node that is killed at', { skip: NO_CLUSTER ?? false }, () => {
  let crash: CrashCluster;
  before(async () => {
    crash = await startCrashCluster();
  });
  after(() => crash.remove());

  for (const failpoint of CLUSTER_FAILPOINTS) {
    it(`${failpoint} and started again leaves nothing undone, and nothing twice`, () =>
      killNodeAt(crash, failpoint, true));
    it(`${failpoint} and not started again has the other node take over`, () => killNodeAt(crash, failpoint, false));
  }
});
