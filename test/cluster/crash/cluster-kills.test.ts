import { it } from 'node:test';
import { NO_CLUSTER } from '../start-cluster.ts';
import { clusterRun } from './cluster-run.ts';

it('kills and pauses of nodes, shards and PostgreSQL lose no acknowledged file, store none twice and show no part of one', {
  skip: NO_CLUSTER ?? false,
}, async (t) => {
  t.diagnostic(JSON.stringify(await clusterRun({ seed: 1, faults: 8 })));
});
