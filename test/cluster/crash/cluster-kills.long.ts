import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NO_CLUSTER } from '../start-cluster.ts';
import { clusterRun } from './cluster-run.ts';

const { CRASH_SEED, CRASH_KILLS = '200' } = process.env;
const seed = CRASH_SEED === undefined ? Date.now() % 1_000_000 : Number(CRASH_SEED);

it(`${CRASH_KILLS} kills and pauses of nodes, shards and PostgreSQL lose no acknowledged file, store none twice and show no part of one`, {
  skip: NO_CLUSTER ?? false,
}, async (t) => {
  const report = await clusterRun({ seed, faults: Number(CRASH_KILLS), withLongAbsences: true });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(report)}`);
  assert.ok(report.acknowledged > 0);
});
