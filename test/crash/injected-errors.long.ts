import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_STRACE } from './call-faults.ts';
import { type Fault, sufferFaults } from './injected-errors.ts';

const CALLS: readonly Pick<Fault, 'of' | 'calls' | 'inPieces'>[] = [
  ...['mkdir', 'openat', 'pwrite64', 'fsync', 'unlink', 'rmdir'].map((calls) => ({ of: 'spool', calls }) as const),
  ...['openat', 'pwrite64', 'fsync', 'rename', 'unlink'].map(
    (calls) => ({ of: 'spool', calls, inPieces: true }) as const,
  ),
  ...['pwrite64', 'fsync'].map((calls) => ({ of: 'catalog', calls }) as const),
  ...['openat', 'pwrite64', 'pwrite64', 'fsync', 'unlink'].map((calls) => ({ of: 'engine', calls }) as const),
];

describe('wherever the disk fails once', { skip: NO_STRACE }, () => {
  for (const error of ['EIO', 'ENOSPC'] as const) {
    for (const { of, calls, inPieces = false } of CALLS) {
      it(`(${error} at any ${calls} of the ${of}${inPieces ? ', in pieces' : ''}) no acknowledged file is lost, and none is there twice`, async (t) => {
        const report = await sufferFaults([{ of, calls, error, inPieces }]);
        t.diagnostic(JSON.stringify(report));
        assert.equal(report.deaths, 0);
      });
    }
  }
});
