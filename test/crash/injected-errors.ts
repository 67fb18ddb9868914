import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childOf } from '../../harness/process-memory.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { ask, begin, type Headers, idOf, send } from '../http/tus-requests.ts';
import { call } from '../server.ts';
import { tamper, threadsOf } from './call-faults.ts';
import { csvOf } from './senders.ts';
import { settle, spooled, storedFiles, unfinished } from './settled.ts';

/** Calls that are made to fail, one after the other. */
export interface Fault {
  /**
   * The main process's first thread, which writes the catalog; its other threads, which write the spool; or the engine,
   * which writes the tables.
   */
  readonly of: 'catalog' | 'spool' | 'engine';
  readonly calls: string;
  readonly error: 'EIO' | 'ENOSPC';
  /** Whether files are sent in several requests (tus). */
  readonly inPieces?: boolean;
}

export interface FaultReport {
  /** Calls that were made to fail. */
  failed: number;
  refused: number;
  completed: number;
  /** Acknowledged files that ended as failures. */
  failures: number;
  /** How often Thena ended. */
  deaths: number;
}

/** Several chunks, which are written at once. */
const ROWS = 6_000;
/** More calls than any of them is made in two uploads. */
const MOST_CALLS = 200;

interface SentFile {
  readonly customer: string;
  readonly number: number;
  readonly uploadId: string | null;
  /** Of a file in pieces that was not acknowledged: it may be taken later all the same. */
  readonly mayBecome?: string;
}

/** Lets each of these calls fail in its turn, and holds what became of the files against what their senders were told. */
export async function sufferFaults(faults: readonly (Fault & { readonly step?: number })[]): Promise<FaultReport> {
  const thena = new FaultyThena();
  try {
    for (const { step, ...fault } of faults) await thena.exhaust(fault, step);
    await thena.verify();
    return thena.report;
  } finally {
    await thena.end();
  }
}

/** A real Thena whose system calls fail. Files go to a customer that is new at each fault, and to one that has a table. */
class FaultyThena {
  readonly report: FaultReport = { failed: 0, refused: 0, completed: 0, failures: 0, deaths: 0 };
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'thena-faults-'));
  readonly #sent: SentFile[] = [];
  #thena: ThenaProcess | null = null;
  #files = 0;
  #customers = 0;

  /** Makes the first of these calls fail, then the next one, or that after `step`, … until none is left that could. */
  async exhaust(fault: Fault, step = 1): Promise<void> {
    let failed = 0;
    for (let nth = 1; nth < MOST_CALLS; nth += step) {
      if (!(await this.#faultAt(fault, nth))) break;
      failed++;
    }
    assert.ok(failed > 0, `no ${fault.calls} of the ${fault.of} was made to fail`);
  }

  /** Kills Thena, and holds what is on disk, and what it says when it is up again, against all that was said before. */
  async verify(): Promise<void> {
    const customers = [...new Set(this.#sent.map(({ customer }) => customer))];
    await this.#thena?.end('SIGKILL');
    const thena = await this.#running();
    // Files in pieces that are whole are taken when they are asked for.
    for (const id of unfinished(this.#dataDir)) await ask(`${thena.url}/api/v1/tus/${id}`);
    const failures = new Set<string>();
    const expected = new Map<string, Map<number, number>>();
    for (const customer of customers) {
      const { uploads } = await settle(thena.url, customer);
      const numbers = new Map<number, number>();
      expected.set(customer, numbers);
      for (const { uploadId: told, mayBecome = null, number, customer: of } of this.#sent) {
        const uploadId = told ?? (mayBecome !== null && uploads.has(mayBecome) ? mayBecome : null);
        if (of !== customer || uploadId === null) continue;
        const upload = uploads.get(uploadId);
        assert.ok(upload, `the acknowledged upload ${uploadId} is not known`);
        if (upload.status === 'failed') {
          assert.ok(upload.error.detail);
          failures.add(uploadId);
          continue;
        }
        assert.equal(upload.receipt.appended, ROWS);
        numbers.set(number, (numbers.get(number) ?? 0) + 1);
      }
      const known = new Set(this.#sent.flatMap(({ uploadId, mayBecome }) => [uploadId, mayBecome]));
      for (const { id, status } of uploads.values()) assert.ok(known.has(id), `${id} is ${status}, and was refused`);
    }
    await thena.end('SIGTERM');
    for (const [customer, numbers] of expected) {
      const stored = await storedFiles(this.#dataDir, customer);
      const found = [...stored].map(([number, file]) => [number, file]);
      const whole = [...numbers].map(([number, times]) => [
        number,
        { rows: times * ROWS, differentRows: ROWS, highestRow: ROWS - 1, tags: times },
      ]);
      const byNumber = ([a]: readonly unknown[], [b]: readonly unknown[]): number => Number(a) - Number(b);
      assert.deepEqual(found.sort(byNumber), whole.sort(byNumber), `files of ${customer}`);
    }
    assert.deepEqual(
      spooled(this.#dataDir).filter((folder) => !failures.has(folder)),
      [],
      'the spool holds what nobody needs',
    );
    this.report.failures = failures.size;
  }

  async end(): Promise<void> {
    await this.#thena?.end('SIGKILL');
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** @returns whether there was such a call */
  async #faultAt({ of, calls, error, inPieces = false }: Fault, nth: number): Promise<boolean> {
    const thena = await this.#running();
    const created = `new${this.#customers++}`;
    if (this.#customers === 1) await this.#mustComplete(thena, 'standing', this.#files++);
    const pid = thena.child.pid as number;
    const target = of === 'engine' ? (childOf(pid) ?? pid) : pid;
    const threads = of === 'catalog' ? [pid] : of === 'spool' ? threadsOf(pid, 'libuv-worker') : [];
    const files = [created, 'standing'].map((customer) => ({ customer, number: this.#files++ }));
    const tables = files.flatMap(({ customer }) => [this.#table(customer), `${this.#table(customer)}.wal`]);
    const tampering = await tamper(target, `${calls}:error=${error}:when=${nth}`, {
      threads,
      paths: of === 'engine' ? tables : [],
      once: true,
    });
    try {
      for (const { customer, number } of files) {
        const uploadId = await (inPieces
          ? this.#sendInPieces(thena, customer, number)
          : this.#send(thena, customer, number));
        if (uploadId !== null) await this.#ended(thena, uploadId);
      }
    } finally {
      await tampering.end();
    }
    const failed = tampering.failed();
    this.report.failed += failed;
    const told = `${calls} ${nth} of the ${of}: ${error}`;
    for (const { customer, number } of files) {
      await this.#mustComplete(await this.#running(), customer, number).catch((cause: Error) => {
        throw new Error(`after ${told}: ${cause.message}`, { cause });
      });
    }
    return failed > 0;
  }

  async #running(): Promise<ThenaProcess> {
    const { child } = this.#thena ?? {};
    if (this.#thena && child?.exitCode === null && child.signalCode === null) return this.#thena;
    if (child?.exitCode) this.report.deaths++;
    // With one thread for the file system a number tells which call is meant.
    this.#thena = await startThenaProcess(this.#dataDir, [], { UV_THREADPOOL_SIZE: '1' });
    return this.#thena;
  }

  /** @returns the id of the upload, where it was acknowledged */
  async #send(thena: ThenaProcess, customer: string, number: number): Promise<string | null> {
    const url = `${thena.url}/api/v1/customers/${customer}/uploads`;
    const reply = await call(url, { method: 'PUT', body: csvOf(number, ROWS) }).catch(() => null);
    const uploadId = reply?.status === 202 ? (reply.body.id as string) : null;
    this.#sent.push({ customer, number, uploadId });
    if (uploadId === null) this.report.refused++;
    if (reply && uploadId === null) {
      assert.ok(reply.status >= 400 && reply.body.code && reply.body.detail, JSON.stringify(reply.body));
      const listed = await call(url).catch(() => null);
      const open = listed?.body.items?.filter(({ status }: { status: string }) => status === 'receiving') ?? [];
      assert.deepEqual(open, [], 'a refused upload stays open');
    }
    return uploadId;
  }

  /** As clients do: what failed is asked for, and goes on from there. */
  async #sendInPieces({ url }: ThenaProcess, customer: string, number: number): Promise<string | null> {
    const bytes = Buffer.from(csvOf(number, ROWS));
    const begun = await begin(url, bytes.length, { customer_id: customer }).catch(() => null);
    if (begun?.status !== 201) {
      this.report.refused++;
      return null;
    }
    const path = begun.headers.get('location') ?? '';
    let acknowledged = 0;
    for (let tries = 0; tries < 8 && acknowledged < bytes.length; tries++) {
      const asked = await ask(url + path).catch(() => null);
      if (asked === null) break;
      assert.ok(asked.status === 200 || asked.status >= 500, `${path}, which was begun, answers ${asked.status}`);
      if (asked.status !== 200) continue;
      const offset = Number(asked.headers.get('upload-offset'));
      assert.ok(offset >= acknowledged, `${path} has ${offset} bytes; ${acknowledged} were acknowledged`);
      const piece = bytes.subarray(offset, offset + Math.ceil(bytes.length / 3));
      const sum = createHash('sha1').update(piece).digest('base64');
      const headers: Headers = number % 2 === 0 ? { 'upload-checksum': `sha1 ${sum}` } : {};
      const reply = await send(url + path, offset, piece, headers).catch(() => null);
      if (reply?.status === 204) acknowledged = offset + piece.length;
      else assert.ok(!reply || (reply.status >= 500 && reply.body.code), JSON.stringify(reply?.body));
    }
    const uploadId = acknowledged === bytes.length ? idOf(path) : null;
    this.#sent.push({ customer, number, uploadId, mayBecome: idOf(path) });
    if (uploadId === null) this.report.refused++;
    return uploadId;
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is for the test to assert.
  async #ended(thena: ThenaProcess, uploadId: string): Promise<any> {
    const began = Date.now();
    for (;;) {
      const reply = await call(`${thena.url}/api/v1/uploads/${uploadId}`).catch(() => null);
      if (reply === null || reply.body.finished_at) return reply?.body;
      if (Date.now() - began > 60_000) throw new Error(`upload ${uploadId} is ${reply.body.status} for a minute`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #mustComplete(thena: ThenaProcess, customer: string, number: number): Promise<void> {
    const uploadId = await this.#send(thena, customer, number);
    assert.ok(uploadId, `file ${number} of ${customer} was refused`);
    const upload = await this.#ended(thena, uploadId);
    assert.equal(upload?.status, 'complete', `file ${number} of ${customer}: ${JSON.stringify(upload?.error)}`);
    assert.equal(upload.receipt.appended, ROWS);
    this.report.completed++;
  }

  #table(customer: string): string {
    return join(this.#dataDir, 'tables', `${customer}.duckdb`);
  }
}
