import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_STRACE } from './call-faults.ts';
import { injectFaults } from './injected-errors.ts';

// The disk fails at one call, and no process is killed. injected-errors.long.ts tries all calls, and a full disk.
describe('if the disk fails', { skip: NO_STRACE, concurrency: true }, () => {
  it('while a file is stored, it is refused or stored, and the next one is accepted', async (t) => {
    const report = await injectFaults([
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

  it('while a resumable file arrives, it resumes at the acknowledged offset, and is stored once', async (t) => {
    const report = await injectFaults([
      { of: 'spool', calls: 'openat', error: 'EIO', inChunks: true, step: 6 },
      { of: 'spool', calls: 'pwrite64', error: 'EIO', inChunks: true, step: 3 },
      { of: 'spool', calls: 'fsync', error: 'EIO', inChunks: true, step: 7 },
      { of: 'spool', calls: 'unlink', error: 'EIO', inChunks: true, step: 4 },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual([report.deaths, report.failures], [0, 0]);
  });

  it('while the catalog is written, no acknowledged file is lost or stored twice', async (t) => {
    const report = await injectFaults([
      { of: 'catalog', calls: 'fsync', error: 'EIO', step: 2 },
      { of: 'catalog', calls: 'pwrite64', error: 'EIO', step: 23 },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.equal(report.deaths, 0);
  });

  it('once during a load, the file is loaded, and so are the others', async (t) => {
    const report = await injectFaults([
      { of: 'engine', calls: 'pwrite64', error: 'EIO' },
      { of: 'engine', calls: 'pwrite64', error: 'EIO', step: 5 },
      { of: 'engine', calls: 'unlink', error: 'EIO' },
      { of: 'engine', calls: 'fsync', error: 'EIO', step: 3 },
    ]);
    t.diagnostic(JSON.stringify(report));
    assert.deepEqual([report.deaths, report.refused, report.failures], [0, 0, 0]);
  });
});
