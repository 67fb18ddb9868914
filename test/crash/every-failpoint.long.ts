import { describe, it } from 'node:test';
import { FAILPOINTS } from '../../src/failpoints.ts';
import { killAtStep } from './every-failpoint.ts';

/** Steps at which the engine is at work, or about to be. */
const OF_ENGINE = new Set<string>([
  'claimed',
  'claimed_early',
  'formats_found',
  'load_started',
  'segment_appending',
  'segment_appended',
  'rejected_rows_found',
  'attempt_restarted',
  'rows_durable',
  'committing',
  'undone',
  'rows_purged',
  'deletion_started',
] satisfies (typeof FAILPOINTS)[number][]);

for (const victim of ['main', 'engine', 'both'] as const) {
  describe(`a kill of ${victim === 'both' ? 'main and engine' : victim}`, { concurrency: 2 }, () => {
    for (const step of FAILPOINTS.filter((each) => victim === 'main' || OF_ENGINE.has(each))) {
      it(`where ${step} is reached loses nothing, and takes nothing twice`, async () => {
        await killAtStep({ step, nth: 1, victim });
      });
    }
  });
}
