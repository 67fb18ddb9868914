import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem } from '../../src/errors.ts';
import { type Circumstances, verdictOn } from '../../src/ingest/load/failure-verdict.ts';
import { type MemoryBlame, StorageFailure } from '../../src/model/storage-failure.ts';

const FIRST: Circumstances = { engineDeaths: 0, isAlone: false, isIsolated: false };
const ALONE: Circumstances = { ...FIRST, isAlone: true };
const ISOLATED: Circumstances = { ...ALONE, engineDeaths: 1, isIsolated: true };

function killed(blame: MemoryBlame, alongsideQuery = false): StorageFailure {
  const memoryExcess = { bytes: 900, limitBytes: 800, blame };
  return new StorageFailure('out_of_memory', 'killed', { memoryExcess, alongsideQuery });
}

function verdict(failure: Error, circumstances: Circumstances): string {
  const found = verdictOn(failure, circumstances);
  if (found.kind === 'fail') return found.error.code;
  return found.kind === 'try_again' && found.alone ? 'try_again alone' : found.kind;
}

it('an upload waits for a store or a catalog that cannot be reached, however often it was tried', () => {
  for (const failure of [
    new StorageFailure('unavailable', 'ClickHouse shard-2:8123 does not answer'),
    new Problem('catalog_unavailable', 'Whether the change took place is unknown.'),
  ]) {
    for (const circumstances of [FIRST, ALONE, { ...ISOLATED, engineDeaths: 50 }])
      assert.equal(verdict(failure, circumstances), 'wait_for_store');
  }
});

describe('an upload whose attempt ran out of memory', () => {
  it('is tried again alone: what ran before it or alongside may have taken the memory', () => {
    for (const circumstances of [FIRST, ALONE]) {
      assert.equal(verdict(killed('certain'), circumstances), 'try_again alone');
      assert.equal(verdict(killed('possible'), circumstances), 'try_again alone');
      assert.equal(verdict(new StorageFailure('out_of_memory', 'DuckDB'), circumstances), 'try_again alone');
    }
  });

  it('fails if that happens again while it is alone, and nothing else can have taken the memory', () => {
    assert.equal(verdict(killed('certain'), ISOLATED), 'file_needs_more_memory');
    assert.match(JSON.stringify(verdictOn(killed('certain'), ISOLATED)), /took 900 bytes of memory; the limit is 800/);
  });

  it('fails otherwise if it was alone twice', () => {
    for (const failure of [killed('possible'), new StorageFailure('out_of_memory', 'DuckDB')]) {
      assert.equal(verdict(failure, ISOLATED), 'try_again alone');
      assert.equal(verdict(failure, { ...ISOLATED, engineDeaths: 2 }), 'file_needs_more_memory');
    }
  });

  it('is tried up to eight times while queries may be to blame', () => {
    assert.equal(verdict(killed('certain', true), { ...ISOLATED, engineDeaths: 6 }), 'try_again alone');
    assert.equal(verdict(killed('possible', true), { ...ISOLATED, engineDeaths: 7 }), 'file_needs_more_memory');
  });

  it('is tried again if it took none of the memory, however often that happens', () => {
    for (const circumstances of [FIRST, ALONE, ISOLATED, { ...ISOLATED, engineDeaths: 50 }]) {
      const none = verdictOn(killed('none'), circumstances);
      assert.deepEqual(none, { kind: 'try_again', engineDied: false, alone: false });
    }
  });
});
