import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_STRACE } from './call-faults.ts';
import { sufferFaults } from './injected-errors.ts';

// The disk fails at one call; nobody is killed. All of the calls, and a full disk, are in injected-errors.long.ts.
describe('when the disk fails', { skip: NO_STRACE, concurrency: true }, () => {
  it('while a file is stored, it is refused or it is there, and the next one is taken', async (t) => {
    const report = await sufferFaults([
      { of: 'spool', calls: 'mkdir', error: 'EIO' },
      { of: 'spool', calls: 'pwrite64', error: 'EIO' },
      { of: 'spool', calls: 'fsync', error: 'EIO' },
      { of: 'spool', calls: 'openat', error: 'EIO' },
      { of: 'spool', calls: 'unlink,rmdir', error: 'EIO' },
      { of: 'spool', calls: 'pwrite64', error: 'ENOSPC' },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual([report.deaths, report.failures], [0, 0]);
  });

  it('while a file comes in pieces, it goes on from what was acknowledged, and is taken once', async (t) => {
    const report = await sufferFaults([
      { of: 'spool', calls: 'openat', error: 'EIO', inPieces: true, step: 6 },
      { of: 'spool', calls: 'pwrite64', error: 'EIO', inPieces: true, step: 3 },
      { of: 'spool', calls: 'fsync', error: 'EIO', inPieces: true, step: 7 },
      { of: 'spool', calls: 'rename', error: 'EIO', inPieces: true, step: 3 },
      { of: 'spool', calls: 'unlink', error: 'EIO', inPieces: true, step: 4 },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual([report.deaths, report.failures], [0, 0]);
  });

  it('while the catalog is written, no acknowledged file is lost, and none is there twice', async (t) => {
    const report = await sufferFaults([
      { of: 'catalog', calls: 'fsync', error: 'EIO', step: 2 },
      { of: 'catalog', calls: 'pwrite64', error: 'EIO', step: 23 },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.equal(report.deaths, 0);
  });

  it('once under a load, the file is loaded all the same, and so are those of others', async (t) => {
    const report = await sufferFaults([
      { of: 'engine', calls: 'pwrite64', error: 'EIO' },
      { of: 'engine', calls: 'pwrite64', error: 'EIO', step: 5 },
      { of: 'engine', calls: 'unlink', error: 'EIO' },
      { of: 'engine', calls: 'fsync', error: 'EIO', step: 3 },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual([report.deaths, report.refused, report.failures], [0, 0, 0]);
  });
});
