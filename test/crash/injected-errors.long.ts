import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_STRACE } from './call-faults.ts';
import { type Fault, injectFaults } from './injected-errors.ts';

const CALLS: readonly Pick<Fault, 'of' | 'calls' | 'inChunks'>[] = [
  ...['mkdir', 'openat', 'pwrite64', 'fsync', 'unlink', 'rmdir'].map((calls) => ({ of: 'spool', calls }) as const),
  ...['openat', 'pwrite64', 'fsync', 'mkdir', 'unlink'].map(
    (calls) => ({ of: 'spool', calls, inChunks: true }) as const,
  ),
  ...['pwrite64', 'fsync'].map((calls) => ({ of: 'catalog', calls }) as const),
  ...['openat', 'pwrite64', 'pwrite64', 'fsync', 'unlink'].map((calls) => ({ of: 'engine', calls }) as const),
];

describe('if the disk fails once', { skip: NO_STRACE }, () => {
  for (const error of ['EIO', 'ENOSPC'] as const) {
    for (const { of, calls, inChunks = false } of CALLS) {
      it(`with ${error} at any ${calls} of the ${of}${inChunks ? ', in chunks' : ''}, no acknowledged file is lost or stored twice`, async (t) => {
        const report = await injectFaults([{ of, calls, error, inChunks }]);
        t.diagnostic(JSON.stringify(report));
        assert.equal(report.deaths, 0);
      });
    }
  }
});
