import assert from 'node:assert/strict';
import { it } from 'node:test';
import { crashRun } from './crash-run.ts';

const { CRASH_SEED, CRASH_KILLS = '200' } = process.env;
const seed = CRASH_SEED === undefined ? Date.now() % 1_000_000 : Number(CRASH_SEED);

it(`${CRASH_KILLS} kills of main and engine lose no acknowledged file, and store none twice`, async (t) => {
  const report = await crashRun({ seed, kills: Number(CRASH_KILLS) });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(report)}`);
  assert.ok(report.acknowledged > 0);
});
