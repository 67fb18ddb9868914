import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENGINE_OVERHEAD_BYTES, EngineMemory } from '../../src/engine/engine-memory.ts';
import { residentBytes } from '../../src/resident-memory.ts';
import { PeakMemory } from '../peak-memory.ts';
import { until } from '../until.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';
import { makeEnginesHungry } from './hungry-engine.ts';

const MIB = 1024 * 1024;
const MEMORY_BYTES = 128 * MIB;
const LIMIT_BYTES = MEMORY_BYTES + ENGINE_OVERHEAD_BYTES;
const skip = process.platform !== 'linux' && 'needs /proc';

describe('an engine that exceeds its memory limit', { skip }, () => {
  let feed: () => void;
  before(() => {
    feed = makeEnginesHungry();
  });
  after(() => feed());

  async function withEngine(work: (running: EngineInFolder) => Promise<void>): Promise<void> {
    const running = await engineInFolder({ memoryBytes: MEMORY_BYTES });
    try {
      await work(running);
    } finally {
      await running.close();
    }
  }

  const collect = ({ engine, source }: EngineInFolder, column: string) =>
    engine.call('collect_evidence', {
      source: source([column, 'b'], '1,2\n'),
      columns: [{ index: 0, pattern: null, maxRecords: null }],
      nulls: [],
    });
  const quantile = ({ engine, tables }: EngineInFolder, extraBytes: number) => {
    const sql = 'SELECT CAST(quantile_cont(i, 0.5) AS DOUBLE) FROM range(25000000) t(i)';
    return engine.call(
      'query',
      { database: join(tables, 'a.duckdb'), sql, params: [], maxRows: 1, maxBytes: 100 },
      { extraBytes },
    );
  };
  const createTable = ({ engine, tables }: EngineInFolder) =>
    engine.call('begin_load', {
      database: join(tables, 'a.duckdb'),
      columns: [{ name: 'a', type: 'integer' }],
      create: true,
    });

  it('is killed before it takes much more, even if it is busy, and restarted', () =>
    withEngine(async (running) => {
      const pid = running.pid();
      const memory = new PeakMemory(running.pid);
      await assert.rejects(collect(running, 'hungry'), ({ reason, storeStopped, memoryExcess }) => {
        assert.deepEqual([reason, storeStopped, memoryExcess.blame], ['out_of_memory', true, 'certain']);
        assert.ok(memoryExcess.bytes > LIMIT_BYTES && memoryExcess.limitBytes === LIMIT_BYTES);
        return true;
      });
      await running.engine.call('ping', null);
      assert.notEqual(running.pid(), pid);
      const peak = memory.stop();
      assert.ok(peak < LIMIT_BYTES + 200 * MIB, `it took ${peak} bytes`);
      assert.equal(running.observed.filter(({ kind }) => kind === 'engine_memory_exceeded').length, 1);
    }));

  it('is not held against operations that took none of the memory, and those that change nothing are repeated', () =>
    withEngine(async (running) => {
      const guilty = assert.rejects(collect(running, 'hungry'), { reason: 'out_of_memory' });
      await until(() => (residentBytes(running.pid()) ?? 0) > 0.7 * LIMIT_BYTES);
      const query = {
        database: join(running.tables, 'none.duckdb'),
        sql: 'SELECT 1',
        params: [],
        maxRows: 1,
        maxBytes: 10,
      };
      const [read, write] = await Promise.allSettled([
        running.engine.call('query', query),
        createTable(running),
        guilty,
      ]);
      assert.deepEqual(read, { status: 'fulfilled', value: { kind: 'no_table' } });
      assert.deepEqual(
        [write.status, write.status === 'rejected' && write.reason.memoryExcess.blame],
        ['rejected', 'none'],
      );
    }));

  it('is held against no single operation if several were running', () =>
    withEngine(async (running) => {
      const possible = ({ memoryExcess }: { memoryExcess: { blame: string } }) => memoryExcess.blame === 'possible';
      const both = [
        assert.rejects(collect(running, 'hungry'), possible),
        assert.rejects(collect(running, 'b'), possible),
      ];
      await Promise.all(both);
    }));

  it('is not held against an operation that found most of the memory in use', () =>
    withEngine(async (running) => {
      await collect(running, 'hungry_200');
      await assert.rejects(
        collect(running, 'hungry_200'),
        ({ memoryExcess }: { memoryExcess: { blame: string } }) => memoryExcess.blame === 'possible',
      );
      // The next engine has nothing left of it.
      await collect(running, 'hungry_200');
    }));

  it('is allowed the memory of medians only while they run', () =>
    withEngine(async (running) => {
      await createTable(running);
      await assert.rejects(quantile(running, 0), { reason: 'out_of_memory' });
      assert.equal((await quantile(running, 25_000_000 * 16)).kind, 'rows');
      // It has been freed by then.
      await sleep(3_000);
      await assert.rejects(quantile(running, 0), { reason: 'out_of_memory' });
    }));

  it('is what the kernel kills first if the machine runs out of memory', () =>
    withEngine(async (running) => {
      assert.equal(readFileSync(`/proc/${running.pid()}/oom_score_adj`, 'utf8').trim(), '1000');
    }));
});

describe('the memory of an engine process', () => {
  it('is what the process reports if the system does not say it', async () => {
    const exceeded = Promise.withResolvers<number>();
    const memory = new EngineMemory({ limitBytes: 100 * MIB, measure: () => null, onExceeded: exceeded.resolve });
    memory.report(10 * MIB);
    memory.ready();
    const use = memory.begin(0);
    memory.report(101 * MIB);
    assert.equal(await exceeded.promise, 101 * MIB);
    assert.deepEqual(memory.excessOf(use), { bytes: 101 * MIB, limitBytes: 100 * MIB, blame: 'certain' });
  });

  it('is held against many operations that each take little of it', async () => {
    let bytes = 10 * MIB;
    const exceeded = Promise.withResolvers<number>();
    const memory = new EngineMemory({ limitBytes: 100 * MIB, measure: () => bytes, onExceeded: exceeded.resolve });
    memory.ready();
    for (; bytes < 95 * MIB; bytes += 10 * MIB) memory.end(memory.begin(0));
    const last = memory.begin(0);
    bytes = 101 * MIB;
    await exceeded.promise;
    assert.equal(memory.excessOf(last)?.blame, 'possible');
  });

  it('is not measured while no operation runs', async () => {
    let measured = 0;
    const memory = new EngineMemory({
      limitBytes: 100 * MIB,
      measure: () => ++measured,
      onExceeded: () => assert.fail(),
    });
    memory.end(memory.begin(0));
    await sleep(100);
    const before = measured;
    await sleep(200);
    assert.equal(measured, before);
  });
});
