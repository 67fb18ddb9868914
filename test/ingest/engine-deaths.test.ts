import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { analyze, call, type RunningThena, startThena } from '../server.ts';

/** Enough to report progress while they are being appended. */
const ROWS = 5_000_000;

const NEEDS_POSIX = { skip: process.platform === 'win32' && 'needs SIGSTOP' };

describe('if the engine is killed while it loads a file', NEEDS_POSIX, () => {
  const send = (thena: RunningThena, customer: string, rows = ROWS) =>
    call(`${thena.url}/api/v1/customers/${customer}/uploads`, {
      method: 'PUT',
      body: new Uint8Array(Buffer.from(`at,n\n${'2024-01-01 00:00:00,1\n'.repeat(rows)}`)),
    });
  const see = async (thena: RunningThena, id: string) => (await call(`${thena.url}/api/v1/uploads/${id}`)).body;

  /**
   * Kills the engine that was started as number `engine`, in the middle of this attempt to load an upload. The engine runs for a few
   * milliseconds at a time and is stopped while the test looks, so that the middle cannot be missed.
   */
  async function kill(thena: RunningThena, engine: number, attempt: number, id: string): Promise<void> {
    for (;;) {
      const running = thena.observations.filter((one) => one.kind === 'engine_started')[engine - 1];
      if (running) process.kill(running.pid, 'SIGSTOP');
      const { attempts, progress, finished_at } = await see(thena, id);
      // Rows are being appended: operations that only read would be repeated without a new attempt.
      if (running && attempts === attempt && progress?.rows_read > 0 && progress.rows_read < ROWS) {
        process.kill(running.pid, 'SIGKILL');
        return;
      }
      if (running) process.kill(running.pid, 'SIGCONT');
      assert.equal(finished_at, null, 'the load ended before the test could interrupt it');
      await sleep(5);
    }
  }

  async function ended(thena: RunningThena, id: string) {
    for (;;) {
      const upload = await see(thena, id);
      if (upload.finished_at !== null) return upload;
      await sleep(50);
    }
  }

  it('once, the file is loaded in a second attempt; twice, its upload fails, and no other', async () => {
    const thena = await startThena({ THENA_CONCURRENT_LOADS: '1' });
    try {
      const { body: once } = await send(thena, 'once');
      await kill(thena, 1, 1, once.id);
      assert.equal((await ended(thena, once.id)).status, 'complete');
      const { body: twice } = await send(thena, 'twice');
      await kill(thena, 2, 1, twice.id);
      await kill(thena, 3, 2, twice.id);
      const failed = await ended(thena, twice.id);
      assert.deepEqual([failed.status, failed.error?.code], ['failed', 'file_crashed_reader']);
      assert.equal((await analyze(thena.url, 'once', 10001)).body.result.total_rows, ROWS);
    } finally {
      await thena.close();
    }
  });

  it('once, the file is loaded, even if the server was stopped twice during the load', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'thena-test-'));
    const settings = { THENA_CONCURRENT_LOADS: '1', THENA_DATA_DIR: dataDir };
    const underWay = async (thena: RunningThena, id: string) => {
      while (!((await see(thena, id)).progress?.rows_read > 0)) await sleep(5);
    };
    let thena = await startThena(settings);
    try {
      const { body: sent } = await send(thena, 'stopped');
      for (let stop = 0; stop < 2; stop++) {
        await underWay(thena, sent.id);
        await thena.close();
        thena = await startThena(settings);
      }
      await kill(thena, 1, 3, sent.id);
      const upload = await ended(thena, sent.id);
      assert.deepEqual([upload.status, upload.attempts], ['complete', 4]);
    } finally {
      await thena.close();
      rmSync(dataDir, { recursive: true });
    }
  });

  it('twice while another file is being loaded, both are loaded, since either may be to blame', async () => {
    // The other load may end before the second kill; then the test shows nothing, and is repeated.
    for (let round = 1; !(await killTwiceDuringOther()); round++)
      assert.ok(round < 5, 'the other load ended too early');
  });

  /** @returns whether the other load was running at both kills */
  async function killTwiceDuringOther(): Promise<boolean> {
    const thena = await startThena({ THENA_CONCURRENT_LOADS: '2' });
    try {
      const other = send(thena, 'other', 2 * ROWS);
      while (!(await call(`${thena.url}/api/v1/customers/other/uploads`)).body.items?.[0]?.attempts) await sleep(5);
      const { body: one } = await send(thena, 'one');
      await kill(thena, 1, 1, one.id);
      await kill(thena, 2, 2, one.id);
      const { id } = (await other).body;
      if ((await see(thena, id)).finished_at !== null) return false;
      const [first, second] = [await ended(thena, one.id), await ended(thena, id)];
      assert.deepEqual([first.status, first.receipt?.appended], ['complete', ROWS]);
      assert.deepEqual([second.status, second.receipt?.appended], ['complete', 2 * ROWS]);
      return true;
    } finally {
      await thena.close();
    }
  }
});
