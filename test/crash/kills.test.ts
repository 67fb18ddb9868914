import { it } from 'node:test';
import { crashRun } from './crash-run.ts';

it('a dozen kills of main and engine lose no acknowledged file, and store none twice', async (t) => {
  t.diagnostic(JSON.stringify(await crashRun({ seed: 1, kills: 12 })));
});
