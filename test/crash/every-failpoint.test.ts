import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FAILPOINTS } from '../../src/failpoints.ts';
import { killAtStep } from './every-failpoint.ts';

it('all steps at which the long run kills are reached by its work', async () => {
  const failpoint = await killAtStep(null);
  assert.deepEqual([...FAILPOINTS].sort(), [...failpoint].sort());
});

it('a kill between the last byte of a file in pieces and its upload loses nothing, and takes it once', async () => {
  await killAtStep({ step: 'resumable_finishing', nth: 1, victim: 'main' });
  await killAtStep({ step: 'resumable_acknowledged', nth: 1, victim: 'main' });
});

it('a kill while the columns of an old table file are renamed loses no row', async () => {
  await killAtStep({ step: 'columns_renaming', nth: 1, victim: 'engine' });
  await killAtStep({ step: 'columns_renamed', nth: 1, victim: 'both' });
});
