import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { StorageFailure } from '../../src/model/storage-failure.ts';
import { parsedFile, segmentOf } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from './engine-in-folder.ts';

const FORMATS = [
  { name: 'c0', type: 'integer' },
  { name: 'c1', type: 'text' },
] as const;

const CANCELLED = { name: 'StorageFailure', reason: 'cancelled', storeStopped: false };

describe('the engine process', () => {
  let running: EngineInFolder;
  beforeEach(async () => {
    running = await engineInFolder();
  });
  afterEach(() => running.close());

  /** Begins a load that takes a few seconds. */
  async function slowLoad(options: { deadlineMs?: number; signal?: AbortSignal; onProgress?: () => void } = {}) {
    const database = join(running.tables, `slow_${randomUUID()}.duckdb`);
    await running.engine.call('begin_load', { database, columns: FORMATS, create: true });
    const text = Array.from({ length: 200_000 }, (_, index) => `${index},${'x'.repeat(50)}\n`).join('');
    const segment = running.segment(text);
    const source = { ...running.source(['a', 'b']), segments: Array.from({ length: 30 }, () => segment) };
    const params = { database, tag: 1, ...parsedFile(FORMATS), into: ['c0', 'c1'], source };
    return { database, load: running.engine.call('append', params, options) };
  }

  it('cannot read a file outside its folders', async () => {
    const path = join(running.folder, 'secret.csv');
    writeFileSync(path, '1,x\n');
    const source = running.source(['a', 'b']);
    const shapes = [['whole', 'decimal'], []] as const;
    const segments = [segmentOf({ path, bytes: 4, records: 1, firstLine: 1, shapes })];
    const database = join(running.tables, 'a.duckdb');
    await running.engine.call('begin_load', { database, columns: FORMATS, create: true });
    const load = { database, tag: 1, ...parsedFile(FORMATS), into: ['c0', 'c1'] };
    await assert.rejects(
      running.engine.call('append', { ...load, source: { ...source, segments } }),
      (error: Error) =>
        error instanceof StorageFailure && error.reason === 'failed' && /Permission Error/.test(error.message),
    );
  });

  it('does not inherit the environment, which holds the admin key', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, () => {
    const environment = readFileSync(`/proc/${running.pid()}/environ`, 'utf8');
    assert.deepEqual(
      // Without what Node adds to the environment of every child.
      environment
        .split('\0')
        .filter((line) => line !== '' && !/^(NODE_(CHANNEL_|V8_COVERAGE=)|(DUCKDB_JE_)?MALLOC_)/.test(line)),
      ['UV_THREADPOOL_SIZE=16'],
    );
  });

  it('is restarted when it dies, and fails the operation in flight with a clear error', async () => {
    const { load } = await slowLoad();
    const failed = assert.rejects(load, { name: 'StorageFailure', reason: 'crashed', storeStopped: true });
    const pid = running.pid();
    process.kill(pid, 'SIGKILL');
    await failed;
    await running.engine.call('ping', null);
    assert.notEqual(running.pid(), pid);
  });

  it('repeats an operation that changes nothing, once', async () => {
    const source = running.source(['a', 'b'], '1,x\n');
    process.kill(running.pid(), 'SIGSTOP');
    const columns = [{ index: 0, pattern: null, maxRecords: null }];
    const collected = running.engine.call('collect_evidence', { source, columns, nulls: [] });
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.kill(running.pid(), 'SIGKILL');
    assert.equal((await collected)[0]?.values.size, 1);
  });

  it('stops an operation that is cancelled or exceeds its deadline, and keeps nothing of it', async () => {
    const controller = new AbortController();
    const cancelled = await slowLoad({ signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await assert.rejects(cancelled.load, CANCELLED);
    const late = await slowLoad({ deadlineMs: 100 });
    await assert.rejects(late.load, CANCELLED);
    const kept = await running.engine.call('end_load', { database: late.database, tag: 1, timeColumn: null });
    assert.equal(kept.rows, 0);
    assert.equal(running.observed.filter(({ kind }) => kind === 'engine_stopped').length, 0);
  });

  it('is killed when it does not react to a cancellation', async () => {
    process.kill(running.pid(), 'SIGSTOP');
    await assert.rejects(
      running.engine.call(
        'begin_load',
        { database: join(running.tables, 'a.duckdb'), columns: FORMATS, create: true },
        { deadlineMs: 10 },
      ),
      CANCELLED,
    );
    await running.engine.call('ping', null);
  });

  it('reports progress', async () => {
    let reports = 0;
    const { load } = await slowLoad({ onProgress: () => reports++ });
    await load;
    assert.ok(reports > 0);
  });

  it('reports to the other operations that it was killed because of a cancellation', async () => {
    const { engine } = running;
    process.kill(running.pid(), 'SIGSTOP');
    const database = join(running.tables, 'none.duckdb');
    const query = { database, sql: 'SELECT 1', params: [], maxRows: 1, maxBytes: 10 };
    const cancelled = assert.rejects(engine.call('query', query, { deadlineMs: 50 }), CANCELLED);
    const load = engine.call('begin_load', { database, columns: [], create: false });
    const killed = { name: 'StorageFailure', reason: 'crashed', wasKilled: true };
    await Promise.all([cancelled, assert.rejects(load, killed)]);
    assert.deepEqual(await engine.call('query', query), { kind: 'no_table' });
  });

  it('reports that it died during a query, which may be to blame', async () => {
    const { engine } = running;
    const database = join(running.tables, 'none.duckdb');
    process.kill(running.pid(), 'SIGSTOP');
    const query = engine.call('query', { database, sql: 'SELECT 1', params: [], maxRows: 1, maxBytes: 10 });
    const load = engine.call('begin_load', { database, columns: [], create: false });
    const crashed = { reason: 'crashed', wasKilled: false, alongsideQuery: true };
    const both = Promise.all([assert.rejects(query, crashed), assert.rejects(load, crashed)]);
    process.kill(running.pid(), 'SIGKILL');
    await both;
  });
});
