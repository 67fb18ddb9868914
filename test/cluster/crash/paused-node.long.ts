import { after, before, describe, it } from 'node:test';
import { NO_CLUSTER } from '../start-cluster.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';
import { pauseNodeAt } from './paused-node.ts';

describe('a node that is paused past its lease and continued', { skip: NO_CLUSTER ?? false }, () => {
  let crash: CrashCluster;
  before(async () => {
    crash = await startCrashCluster();
  });
  after(() => crash.remove());

  for (const failpoint of [
    'segments_durable',
    'registered',
    'acknowledged',
    'claimed',
    'claimed_early',
    'formats_found',
    'load_started',
    'segment_appending',
    'segment_appended',
    'rows_durable',
    'committing',
    'committed',
  ] as const) {
    it(`at ${failpoint} stores nothing twice, loses nothing, and stops`, () => pauseNodeAt(crash, failpoint));
  }
});
