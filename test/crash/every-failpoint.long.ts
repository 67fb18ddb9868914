import { describe, it } from 'node:test';
import { FAILPOINTS } from '../../src/failpoints.ts';
import { killAtFailpoint } from './every-failpoint.ts';

/** Failpoints at which the engine is working, or about to. */
const ENGINE_FAILPOINTS = new Set<string>([
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
  describe(`killing ${victim === 'both' ? 'main and engine' : victim}`, { concurrency: 2 }, () => {
    for (const failpoint of FAILPOINTS.filter((each) => victim === 'main' || ENGINE_FAILPOINTS.has(each))) {
      it(`at ${failpoint} loses nothing, and stores nothing twice`, async () => {
        await killAtFailpoint({ failpoint, nth: 1, victim });
      });
    }
  });
}
