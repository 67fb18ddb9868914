import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { childOf } from '../../harness/process-memory.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { FAILPOINTS } from '../../src/failpoints.ts';
import { ask } from '../http/tus-requests.ts';
import { type Random, randomOf } from '../random.ts';
import { spooledUploads } from '../spooled-uploads.ts';
import { NO_STRACE, tamper } from './call-faults.ts';
import { type KillOrder, killOrderEnvironment, orderKill, wasCarriedOut, withdrawOrder } from './kill-order.ts';
import { Senders, type Sent } from './senders.ts';
import { settle, storedFiles, unfinished, whole } from './settled.ts';

type KillKind = 'main' | 'engine' | 'both' | 'at a failpoint' | 'main at a call' | 'engine at a call';

export interface CrashReport {
  readonly kills: Readonly<Record<string, number>>;
  /** Kills that happened at the failpoint they were ordered for. */
  readonly atFailpoint: number;
  readonly sent: number;
  /** Acknowledged files that were sent in chunks. */
  readonly inChunks: number;
  readonly acknowledged: number;
  /** Acknowledged files that failed, each because the engine was killed twice during its load. */
  readonly failed: number;
  /** Files that are stored completely although their 202 was lost in a kill. */
  readonly unacknowledged: number;
  readonly rows: number;
}

/** System calls of the upload path: the process may end at each of them. */
const MAIN_CALLS = ['fsync', 'fdatasync', 'pwrite64', 'mkdir', 'unlink', 'rmdir', 'openat', 'ftruncate'];
const ENGINE_CALLS = ['fsync', 'fdatasync', 'pwrite64', 'unlink', 'openat', 'ftruncate'];
const CUSTOMERS = ['ada', 'grace', 'edsger', 'barbara'];
/** How long to wait for a failpoint or a system call. */
const MAX_WAIT_MS = 1_500;

/**
 * Uploads files of several customers to a real server while its processes are killed again and again, and then compares every
 * file with the answers that its client got. The same seed makes the same choices; timing differs from run to run.
 */
export async function crashRun({ seed, kills }: { seed: number; kills: number }): Promise<CrashReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-kills-'));
  const run = new CrashRun(randomOf(seed), dataDir);
  try {
    const report = await run.run(kills).finally(() => run.end());
    rmSync(dataDir, { recursive: true, force: true });
    return report;
  } catch (error) {
    // The folder is kept for inspection.
    const message = `With CRASH_SEED=${seed} CRASH_KILLS=${kills}, in ${dataDir}: ${(error as Error).message}`;
    throw new Error(message, { cause: error });
  }
}

interface FailedUpload {
  readonly error: { readonly code: string; readonly detail: string };
  readonly finished_at: string;
}

class CrashRun {
  readonly #random: Random;
  readonly #dataDir: string;
  readonly #senders: Senders;
  readonly #kills: Record<string, number> = {};
  /** When the engine was killed, which may make uploads fail. */
  readonly #engineKills: { readonly from: number; readonly to: number }[] = [];
  readonly #orderFile: string;
  #atFailpoint = 0;
  #thena: ThenaProcess | null = null;

  constructor(random: Random, dataDir: string) {
    this.#random = random;
    this.#dataDir = dataDir;
    this.#orderFile = `${dataDir}.order`;
    this.#senders = new Senders(random.branch(), CUSTOMERS);
  }

  async run(kills: number): Promise<CrashReport> {
    for (let kill = 0; kill < kills; kill++) await this.#kill(await this.#running());
    this.#senders.aim();
    await this.#senders.stop();
    return this.#verify(await this.#running());
  }

  async end(): Promise<void> {
    this.#senders.aim();
    await this.#senders.stop();
    await this.#thena?.end('SIGKILL');
    withdrawOrder(this.#orderFile);
  }

  async #running(): Promise<ThenaProcess> {
    if (this.#thena && this.#thena.child.exitCode === null && this.#thena.child.signalCode === null) return this.#thena;
    this.#thena = await startThenaProcess(this.#dataDir, [], killOrderEnvironment(this.#orderFile));
    this.#senders.aim(this.#thena.url);
    return this.#thena;
  }

  async #kill(thena: ThenaProcess): Promise<void> {
    const pid = thena.child.pid as number;
    const engine = childOf(pid);
    const kinds: KillKind[] = ['main', 'main', 'at a failpoint', 'at a failpoint', 'at a failpoint'];
    if (engine !== null) kinds.push('engine', 'both');
    if (!NO_STRACE) kinds.push('main at a call', 'main at a call', 'engine at a call');
    const kind = this.#random.pick(kinds);
    const waitMs = this.#random.integer(600);
    const calls = kind === 'engine at a call' ? ENGINE_CALLS : MAIN_CALLS;
    const injection = `${this.#random.pick(calls)}:signal=SIGKILL:when=${1 + this.#random.integer(8)}`;
    const failpoint = this.#random.pick(FAILPOINTS);
    const nth = 1 + this.#random.integer(3);
    const victim = this.#random.pick(['main', 'engine', 'both'] as const);
    await delay(waitMs);
    switch (kind) {
      case 'main':
        await thena.end('SIGKILL');
        break;
      case 'engine':
        this.#killEngine(childOf(pid));
        break;
      case 'both':
        // Main may live long enough to notice.
        this.#killEngine(childOf(pid));
        await thena.end('SIGKILL');
        break;
      case 'at a failpoint':
        await this.#killAtFailpoint(pid, { failpoint, nth, victim });
        // The process may not have come to the failpoint in time.
        if (victim !== 'engine') await thena.end('SIGKILL');
        break;
      case 'main at a call':
        await this.#killAtCall(pid, injection);
        // The process may not have made the call in time.
        await thena.end('SIGKILL');
        break;
      case 'engine at a call': {
        const target = childOf(pid);
        if (target === null) break;
        await this.#killAtCall(target, injection);
        this.#killEngine(target);
        break;
      }
    }
    this.#kills[kind] = (this.#kills[kind] ?? 0) + 1;
    if (thena.child.exitCode !== null || thena.child.signalCode !== null) this.#senders.aim();
  }

  #killEngine(engine: number | null): void {
    this.#engineKills.push({ from: Date.now(), to: Date.now() });
    killProcess(engine);
  }

  async #killAtFailpoint(pid: number, order: Omit<KillOrder, 'id'>): Promise<void> {
    const from = Date.now();
    orderKill(this.#orderFile, order);
    while (isAlive(pid) && !wasCarriedOut(this.#orderFile) && Date.now() - from < MAX_WAIT_MS) await delay(10);
    if (wasCarriedOut(this.#orderFile)) this.#atFailpoint++;
    withdrawOrder(this.#orderFile);
    if (order.victim === 'main') return;
    this.#engineKills.push({ from, to: Date.now() });
    // Main has to notice that its engine died.
    if (order.victim === 'engine') await delay(200);
  }

  async #killAtCall(pid: number, injection: string): Promise<void> {
    const tampering = await tamper(pid, injection);
    const began = Date.now();
    while (isAlive(pid) && Date.now() - began < MAX_WAIT_MS) await delay(10);
    await tampering.end();
  }

  async #verify(thena: ThenaProcess): Promise<CrashReport> {
    const { sent, lost } = this.#senders;
    assert.deepEqual(lost, []);
    // Whole resumable files whose clients are gone become uploads when they are requested.
    for (const id of unfinished(this.#dataDir)) await ask(`${thena.url}/api/v1/tus/${id}`);
    const acknowledged = sent.filter(({ uploadId }) => uploadId !== null);
    const settledFor = new Map(
      await Promise.all(CUSTOMERS.map(async (customer) => [customer, await settle(thena.url, customer)] as const)),
    );
    await thena.end('SIGTERM');
    const failures = new Set<string>();
    let unacknowledged = 0;
    let rows = 0;
    for (const customer of CUSTOMERS) {
      const stored = await storedFiles(this.#dataDir, customer);
      const settled = settledFor.get(customer);
      assert.ok(settled);
      let visible = 0;
      for (const file of sent.filter((each) => each.customer === customer)) {
        const found = stored.get(file.number);
        if (found) {
          assert.deepEqual(found, whole(file.rows), `file ${file.number} of ${customer} is not stored exactly once`);
          visible += file.rows;
        }
        assert.ok(
          !found || file.refusal === null,
          `file ${file.number} of ${customer} was refused (${file.refusal}), but is stored`,
        );
        if (file.uploadId === null) {
          if (found) unacknowledged++;
          continue;
        }
        const upload = settled.uploads.get(file.uploadId);
        assert.ok(upload, `the acknowledged upload ${file.uploadId} is missing`);
        if (upload.status === 'failed') {
          this.#assertJustified(file, upload);
          assert.equal(found, undefined, `the failed upload ${file.uploadId} has rows`);
          failures.add(file.uploadId);
        } else {
          assert.equal(upload.status, 'complete');
          assert.ok(found, `the acknowledged upload ${file.uploadId} has no rows`);
          assert.equal(upload.receipt.appended, file.rows);
        }
      }
      assert.equal(visible, settled.totalRows, `rows of ${customer}`);
      rows += visible;
    }
    const kept = spooledUploads(this.#dataDir).filter((folder) => !failures.has(folder));
    assert.deepEqual(kept, [], 'the spool holds bytes that are no longer needed');
    return {
      kills: this.#kills,
      atFailpoint: this.#atFailpoint,
      sent: sent.length,
      acknowledged: acknowledged.length,
      inChunks: acknowledged.filter(({ method }) => method === 'chunks').length,
      failed: failures.size,
      unacknowledged,
      rows,
    };
  }

  /** All files are valid: an upload may fail only if the engine died twice during its load. */
  #assertJustified({ sentAt, uploadId }: Sent, { error, finished_at }: FailedUpload): void {
    const { code, detail } = error;
    const endedAt = Date.parse(finished_at);
    assert.equal(code, 'file_crashed_reader', `${uploadId} failed: ${detail}`);
    const killed = this.#engineKills.filter(({ from, to }) => to >= sentAt && from <= endedAt).length;
    assert.ok(killed >= 2, `${uploadId} failed after ${killed} kills of the engine: ${detail}`);
  }
}

function killProcess(pid: number | null): void {
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
