import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { residentBytes } from '../../src/resident-memory.ts';
import { makeEnginesHungry } from '../engine/hungry-engine.ts';
import { PeakMemory } from '../peak-memory.ts';
import { call, ended, put, type RunningThena, resultRows, startThena, totalRows, WAIT } from '../server.ts';
import { until } from '../until.ts';

const MIB = 1024 * 1024;
const ENGINE_MEMORY = 128 * MIB;
const ROWS = 1_000_000;
const skip = process.platform !== 'linux' && 'needs /proc';

describe('if reading a file takes more memory than the engine may have', { skip }, () => {
  let feed: () => void;
  let thena: RunningThena;
  before(async () => {
    feed = makeEnginesHungry();
    thena = await startThena({ THENA_ENGINE_MEMORY: String(ENGINE_MEMORY), THENA_CONCURRENT_LOADS: '3' });
  });
  after(async () => {
    await thena.close();
    feed();
  });

  const kills = () => thena.observations.filter(({ kind }) => kind === 'engine_memory_exceeded').length;

  /** Begins an upload whose file is large enough to be loaded before it is complete, and stalls. */
  async function stall(customer: string): Promise<{ finish(): void; readonly reply: ReturnType<typeof call> }> {
    const stalled = Promise.withResolvers<void>();
    async function* body() {
      yield Buffer.from('at,n\n');
      for (let part = 0; part < 70; part++) yield Buffer.from('2024-01-01 00:00:00,1\n'.repeat(MIB / 22));
      await stalled.promise;
    }
    const init = { method: 'PUT', body: ReadableStream.from(body()), duplex: 'half', headers: WAIT };
    const reply = call(`${thena.url}/api/v1/customers/${customer}/uploads`, init as RequestInit);
    await until(async () => {
      const { body: list } = await call(`${thena.url}/api/v1/customers/${customer}/uploads`);
      return list.items?.[0]?.attempts === 1;
    }, 60_000);
    return { finish: stalled.resolve, reply };
  }

  it('fails that upload, and says why', async () => {
    const memory = new PeakMemory(() => process.pid);
    const before = residentBytes(process.pid) ?? 0;
    const { body } = await put(thena.url, 'greedy', 'hungry,b\n1,2\n', WAIT);
    assert.deepEqual([body.status, body.error.code, body.attempts], ['failed', 'file_needs_more_memory', 2]);
    assert.match(body.error.detail, /^Reading the file took \d+ bytes of memory; the limit is 448790528\.$/);
    assert.equal(kills(), 2);
    assert.ok(memory.stop() - before < 100 * MIB, 'the main process does not grow with it');
  });

  it('loads the files that were read alongside it, and answers analyses again', async () => {
    const text = `at,n\n${'2024-01-01 00:00:00,1\n'.repeat(ROWS)}`;
    const good = put(thena.url, 'good', text, WAIT);
    await until(async () => (await call(`${thena.url}/api/v1/customers/good/uploads`)).body.items?.[0]?.attempts > 0);
    const { body } = await put(thena.url, 'greedy', 'hungry,b\n1,2\n', WAIT);
    assert.deepEqual([body.status, body.error?.code], ['failed', 'file_needs_more_memory']);
    const { body: loaded } = await good;
    assert.deepEqual([loaded.status, loaded.receipt?.appended], ['complete', ROWS]);
    assert.deepEqual(await resultRows(thena.url, 'good', { measures: [{ fn: 'sum', column: 'n' }] }), [[ROWS]]);
  });

  it('reads it alone, even while another file is loaded that does not finish arriving', async () => {
    const slow = await stall('slow');
    const { body: greedy } = await put(thena.url, 'greedy', 'hungry,b\n1,2\n');
    const { body: one } = await put(thena.url, 'one', 'hungry_20,b\n1,2\n');
    const failed = await ended(thena.url, greedy.id);
    assert.deepEqual([failed.status, failed.error.code], ['failed', 'file_needs_more_memory']);
    assert.equal((await ended(thena.url, one.id)).status, 'complete');
    slow.finish();
    assert.equal((await slow.reply).body.status, 'complete');
  });

  it('loads the files that were read while an analysis took the memory', async () => {
    await put(thena.url, 'alongside', 'name,n\nx,1\n', WAIT);
    const loading = put(thena.url, 'survivor', `at,n\n${'2024-01-01 00:00:00,1\n'.repeat(ROWS)}`, WAIT);
    await until(async () => {
      const { body } = await call(`${thena.url}/api/v1/customers/survivor/uploads`);
      return body.items?.[0]?.attempts > 0;
    });
    const before = kills();
    const where = { column: 'name', op: '=', value: 'hungry' };
    const query = { measures: [{ fn: 'count' }], where };
    const { body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'alongside', query } });
    assert.ok(['analysis_too_large', 'engine_unavailable'].includes(body.code), body.code);
    assert.equal(kills() - before, 1);
    const { body: loaded } = await loading;
    assert.deepEqual([loaded.status, loaded.receipt?.appended], ['complete', ROWS]);
    assert.equal(await totalRows(thena.url, 'survivor'), ROWS);
  });

  it('answers a query that takes more memory with analysis_too_large, and others again', async () => {
    await put(thena.url, 'asked', 'name,n\nx,1\n', WAIT);
    const query = { measures: [{ fn: 'count' }], where: { column: 'name', op: '=', value: 'hungry' } };
    const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: 'asked', query } });
    assert.deepEqual([status, body.code], [422, 'analysis_too_large']);
    assert.deepEqual(await resultRows(thena.url, 'asked', { measures: [{ fn: 'count' }] }), [[1]]);
    assert.equal(await totalRows(thena.url, 'asked'), 1);
    const page = await call(
      `${thena.url}/api/v1/customers/asked/table/rows?where=${encodeURIComponent(JSON.stringify({ column: 'name', op: '=', value: 'hungry' }))}`,
    );
    assert.deepEqual([page.status, page.body.code], [422, 'analysis_too_large']);
  });
});
