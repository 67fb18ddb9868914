import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isBroken, reasonOf } from '../../src/engine/duckdb-failure.ts';

describe("DuckDB's messages", () => {
  for (const [message, reason] of [
    ['IO Error: Could not write file "/data/a.duckdb": No space left on device', 'no_space'],
    ['IO Error: Could not write all bytes to file "/data/a.duckdb": wanted=262144 wrote=4096', 'no_space'],
    ['ENOSPC: no space left on device, write', 'no_space'],
    ['FATAL Error: Failed to create checkpoint because of error: No space left on device', 'no_space'],
    ['Out of Memory Error: failed to allocate data of size 16.0 MiB (255.9 MiB/256.0 MiB used)', 'out_of_memory'],
    [
      'TransactionContext Error: Failed to commit: could not allocate block of size 256.0 KiB (511.9 MiB/512.0 MiB used)',
      'out_of_memory',
    ],
    [
      'IO Error: Checkpoint failed for database "a.duckdb". The database has been invalidated. Original error: failed to pin block of size 256.0 KiB (512.0 MiB/512.0 MiB used)',
      'out_of_memory',
    ],
    ['FATAL Error: fsync failed! Reason: Input/output error', 'io_error'],
    ['EIO: i/o error, read', 'io_error'],
    ['The record on line 7 does not fit the table', 'rows_do_not_fit'],
    ['Invalid Input Error: CSV Error on Line: 7\nOriginal Line: 1,2,3', 'rows_do_not_fit'],
    ['Catalog Error: Table with name rows does not exist!', 'failed'],
  ] as const) {
    it(`classifies "${message.split('\n')[0]}" as ${reason}`, () => assert.equal(reasonOf(new Error(message)), reason));
  }

  it('do not let a row that quotes an error pass for that error', () => {
    const error = new Error('Binder Error: no such column\nNo space left on device, Input/output error');
    assert.equal(reasonOf(error), 'failed');
    assert.equal(isBroken(new Error('Binder Error: no such column\nFATAL Error: x')), false);
  });

  it('say when DuckDB can no longer be used', () => {
    for (const message of [
      'FATAL Error: fsync failed! Reason: Input/output error',
      'INTERNAL Error: Attempted to access index 3 within vector of size 3',
      'IO Error: Database "a.duckdb" has been invalidated because of a previous fatal error',
    ]) {
      assert.equal(isBroken(new Error(message)), true, message);
    }
    assert.equal(isBroken(new Error('Out of Memory Error: failed to pin block')), false);
  });
});
