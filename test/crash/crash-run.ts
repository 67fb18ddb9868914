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
import { NO_STRACE, tamper } from './call-faults.ts';
import { type Order, obeying, orderDeath, takeBackOrder, wasObeyed } from './failpoints-at-work.ts';
import { Senders, type Sent } from './senders.ts';
import { settle, spooled, storedFiles, unfinished } from './settled.ts';

type Blow = 'main' | 'engine' | 'both' | 'at a step' | 'main at a call' | 'engine at a call';

export interface CrashReport {
  readonly kills: Readonly<Record<string, number>>;
  /** Of them, those at which somebody was waited for and came. */
  readonly steps: number;
  readonly sent: number;
  /** Acknowledged files that were sent in pieces. */
  readonly inPieces: number;
  readonly acknowledged: number;
  /** Acknowledged files that failed, all because the engine was killed twice under them. */
  readonly failed: number;
  /** Files whose 202 was lost in a kill, and that are there, whole. */
  readonly unheard: number;
  readonly rows: number;
}

/** Calls on the way of an upload: each is a moment in which a process may end. */
const MAIN_CALLS = ['fsync', 'fdatasync', 'pwrite64', 'mkdir', 'unlink', 'rmdir', 'openat', 'ftruncate'];
const ENGINE_CALLS = ['fsync', 'fdatasync', 'pwrite64', 'unlink', 'openat', 'ftruncate'];
const CUSTOMERS = ['ada', 'grace', 'edsger', 'barbara'];
const LONGEST_WAIT_FOR_CALL_MS = 1_500;

/**
 * Lets customers upload to a real Thena, kills its processes again and again, and then holds every file against what its
 * sender was told. The same seed makes the same choices; what the machine does in between is its own.
 */
export async function crashRun({ seed, kills }: { seed: number; kills: number }): Promise<CrashReport> {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-kills-'));
  const run = new CrashRun(randomOf(seed), dataDir);
  try {
    const report = await run.run(kills).finally(() => run.end());
    rmSync(dataDir, { recursive: true, force: true });
    return report;
  } catch (error) {
    // The folder stays, to be looked into.
    const told = `With CRASH_SEED=${seed} CRASH_KILLS=${kills}, in ${dataDir}: ${(error as Error).message}`;
    throw new Error(told, { cause: error });
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
  /** When the engine was killed: that is what may fail a file. */
  readonly #engineKills: { readonly from: number; readonly to: number }[] = [];
  readonly #orders: string;
  #steps = 0;
  #thena: ThenaProcess | null = null;

  constructor(random: Random, dataDir: string) {
    this.#random = random;
    this.#dataDir = dataDir;
    this.#orders = `${dataDir}.order`;
    this.#senders = new Senders(random.branch(), CUSTOMERS);
  }

  async run(kills: number): Promise<CrashReport> {
    for (let kill = 0; kill < kills; kill++) await this.#strike(await this.#running());
    this.#senders.aim(null);
    await this.#senders.stop();
    return this.#verify(await this.#running());
  }

  async end(): Promise<void> {
    this.#senders.aim(null);
    await this.#senders.stop();
    await this.#thena?.end('SIGKILL');
    takeBackOrder(this.#orders);
  }

  async #running(): Promise<ThenaProcess> {
    if (this.#thena && this.#thena.child.exitCode === null && this.#thena.child.signalCode === null) return this.#thena;
    this.#thena = await startThenaProcess(this.#dataDir, [], obeying(this.#orders));
    this.#senders.aim(this.#thena.url);
    return this.#thena;
  }

  async #strike(thena: ThenaProcess): Promise<void> {
    const pid = thena.child.pid as number;
    const engine = childOf(pid);
    const blows: Blow[] = ['main', 'main', 'at a step', 'at a step', 'at a step'];
    if (engine !== null) blows.push('engine', 'both');
    if (!NO_STRACE) blows.push('main at a call', 'main at a call', 'engine at a call');
    const blow = this.#random.pick(blows);
    const waitMs = this.#random.integer(600);
    const calls = blow === 'engine at a call' ? ENGINE_CALLS : MAIN_CALLS;
    const injection = `${this.#random.pick(calls)}:signal=SIGKILL:when=${1 + this.#random.integer(8)}`;
    const step = this.#random.pick(FAILPOINTS);
    const nth = 1 + this.#random.integer(3);
    const victim = this.#random.pick(['main', 'engine', 'both'] as const);
    await delay(waitMs);
    switch (blow) {
      case 'main':
        await thena.end('SIGKILL');
        break;
      case 'engine':
        this.#killEngine(childOf(pid));
        break;
      case 'both':
        // Main may live long enough to see it die.
        this.#killEngine(childOf(pid));
        await thena.end('SIGKILL');
        break;
      case 'at a step':
        await this.#killAtStep(pid, { step, nth, victim });
        // Not every step comes in time.
        if (victim !== 'engine') await thena.end('SIGKILL');
        break;
      case 'main at a call':
        await this.#killAtCall(pid, injection);
        // Not every call comes in time.
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
    this.#kills[blow] = (this.#kills[blow] ?? 0) + 1;
    if (thena.child.exitCode !== null || thena.child.signalCode !== null) this.#senders.aim(null);
  }

  #killEngine(engine: number | null): void {
    this.#engineKills.push({ from: Date.now(), to: Date.now() });
    kill(engine);
  }

  async #killAtStep(pid: number, order: Omit<Order, 'id'>): Promise<void> {
    const from = Date.now();
    orderDeath(this.#orders, order);
    while (isAlive(pid) && !wasObeyed(this.#orders) && Date.now() - from < LONGEST_WAIT_FOR_CALL_MS) await delay(10);
    if (wasObeyed(this.#orders)) this.#steps++;
    takeBackOrder(this.#orders);
    if (order.victim === 'main') return;
    this.#engineKills.push({ from, to: Date.now() });
    // It lives to see its engine die.
    if (order.victim === 'engine') await delay(200);
  }

  async #killAtCall(pid: number, injection: string): Promise<void> {
    const tampering = await tamper(pid, injection);
    const began = Date.now();
    while (isAlive(pid) && Date.now() - began < LONGEST_WAIT_FOR_CALL_MS) await delay(10);
    await tampering.end();
  }

  async #verify(thena: ThenaProcess): Promise<CrashReport> {
    const { sent, lost } = this.#senders;
    assert.deepEqual(lost, []);
    // Files that are whole, and whose senders have gone, are asked for here.
    for (const id of unfinished(this.#dataDir)) await ask(`${thena.url}/api/v1/tus/${id}`);
    const acknowledged = sent.filter(({ uploadId }) => uploadId !== null);
    const settledFor = new Map(
      await Promise.all(CUSTOMERS.map(async (customer) => [customer, await settle(thena.url, customer)] as const)),
    );
    await thena.end('SIGTERM');
    const failures = new Set<string>();
    let unheard = 0;
    let rows = 0;
    for (const customer of CUSTOMERS) {
      const stored = await storedFiles(this.#dataDir, customer);
      const settled = settledFor.get(customer);
      assert.ok(settled);
      let visible = 0;
      for (const file of sent.filter((each) => each.customer === customer)) {
        const found = stored.get(file.number);
        if (found) {
          const whole = { rows: file.rows, differentRows: file.rows, highestRow: file.rows - 1, tags: 1 };
          assert.deepEqual(found, whole, `file ${file.number} of ${customer} is not there exactly once`);
          visible += file.rows;
        }
        assert.ok(
          !found || file.refusal === null,
          `${customer} ${file.number} was refused (${file.refusal}), and is there`,
        );
        if (file.uploadId === null) {
          if (found) unheard++;
          continue;
        }
        const upload = settled.uploads.get(file.uploadId);
        assert.ok(upload, `the acknowledged upload ${file.uploadId} is not known`);
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
    const kept = spooled(this.#dataDir).filter((folder) => !failures.has(folder));
    assert.deepEqual(kept, [], 'the spool holds what nobody needs');
    return {
      kills: this.#kills,
      steps: this.#steps,
      sent: sent.length,
      acknowledged: acknowledged.length,
      inPieces: acknowledged.filter(({ way }) => way === 'pieces').length,
      failed: failures.size,
      unheard,
      rows,
    };
  }

  /** The files are good: only an engine that died twice under one may fail it. */
  #assertJustified({ sentAt, uploadId }: Sent, { error, finished_at }: FailedUpload): void {
    const { code, detail } = error;
    const endedAt = Date.parse(finished_at);
    assert.equal(code, 'file_crashed_reader', `${uploadId} failed: ${detail}`);
    const killed = this.#engineKills.filter(({ from, to }) => to >= sentAt && from <= endedAt).length;
    assert.ok(killed >= 2, `${uploadId} failed after ${killed} kills of the engine: ${detail}`);
  }
}

function kill(pid: number | null): void {
  try {
    if (pid !== null) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
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
