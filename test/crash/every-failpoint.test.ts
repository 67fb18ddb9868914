import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FAILPOINTS } from '../../src/failpoints.ts';
import { killAtFailpoint } from './every-failpoint.ts';

it('reaches every failpoint with the workload of the long run', async () => {
  const reached = await killAtFailpoint(null);
  assert.deepEqual([...FAILPOINTS].sort(), [...reached].sort());
});

it('a kill between the last byte of a resumable file and its upload loses nothing, and stores it once', async () => {
  await killAtFailpoint({ failpoint: 'resumable_finishing', nth: 1, victim: 'main' });
  await killAtFailpoint({ failpoint: 'resumable_acknowledged', nth: 1, victim: 'main' });
});

it('a kill after a widened column was added to the table loses nothing, and the load continues', async () => {
  await killAtFailpoint({ failpoint: 'column_added', nth: 1, victim: 'engine' });
  await killAtFailpoint({ failpoint: 'column_added', nth: 1, victim: 'both' });
});

it('a kill while the columns of an old table file are renamed loses no row', async () => {
  await killAtFailpoint({ failpoint: 'columns_renaming', nth: 1, victim: 'engine' });
  await killAtFailpoint({ failpoint: 'columns_renamed', nth: 1, victim: 'both' });
});
