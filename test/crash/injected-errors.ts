import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childOf } from '../../harness/process-memory.ts';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { ask, begin, type Headers, idOf, send } from '../http/tus-requests.ts';
import { call } from '../server.ts';
import { spooledUploads } from '../spooled-uploads.ts';
import { tamper, threadsOf } from './call-faults.ts';
import { csvOf } from './senders.ts';
import { settle, storedFiles, unfinished } from './settled.ts';

/** System calls that are made to fail, one after the other. */
export interface Fault {
  /**
   * The first thread of the main process, which writes the catalog; its other threads, which write the spool; or the engine,
   * which writes the tables.
   */
  readonly of: 'catalog' | 'spool' | 'engine';
  readonly calls: string;
  readonly error: 'EIO' | 'ENOSPC';
  /** Whether files are sent in several requests (tus). */
  readonly inChunks?: boolean;
}

export interface FaultReport {
  /** Calls that failed. */
  failed: number;
  refused: number;
  completed: number;
  /** Acknowledged uploads that failed. */
  failures: number;
  /** How often the server died. */
  deaths: number;
}

/** Enough for several writes at once. */
const ROWS = 6_000;
/** More than two uploads make of any call. */
const MAX_CALLS = 200;

interface SentFile {
  readonly customer: string;
  readonly number: number;
  readonly uploadId: string | null;
  /** The id of a resumable file that was not acknowledged: it may become an upload later. */
  readonly mayBecome?: string;
}

/** Makes each of these calls fail in turn, and compares the stored files with the answers that their clients got. */
export async function injectFaults(faults: readonly (Fault & { readonly step?: number })[]): Promise<FaultReport> {
  const thena = new FaultyThena();
  try {
    for (const { step, ...fault } of faults) await thena.exhaust(fault, step);
    await thena.verify();
    return thena.report;
  } finally {
    await thena.end();
  }
}

/** A real server whose system calls fail. Files go to a customer that is new with each fault, and to one that has a table. */
class FaultyThena {
  readonly report: FaultReport = { failed: 0, refused: 0, completed: 0, failures: 0, deaths: 0 };
  readonly #dataDir = mkdtempSync(join(tmpdir(), 'thena-faults-'));
  readonly #sent: SentFile[] = [];
  #thena: ThenaProcess | null = null;
  #files = 0;
  #customers = 0;

  /** Makes the first of these calls fail, then the one `step` calls later, and so on, until there is none left. */
  async exhaust(fault: Fault, step = 1): Promise<void> {
    let failed = 0;
    for (let nth = 1; nth < MAX_CALLS; nth += step) {
      if (!(await this.#faultAt(fault, nth))) break;
      failed++;
    }
    assert.ok(failed > 0, `no ${fault.calls} of the ${fault.of} failed`);
  }

  /** Kills the server, starts it again, and compares what it holds with all the answers it gave. */
  async verify(): Promise<void> {
    const customers = [...new Set(this.#sent.map(({ customer }) => customer))];
    await this.#thena?.end('SIGKILL');
    const thena = await this.#running();
    // Whole resumable files become uploads when they are requested.
    for (const id of unfinished(this.#dataDir)) await ask(`${thena.url}/api/v1/tus/${id}`);
    const failures = new Set<string>();
    const expected = new Map<string, Map<number, number>>();
    for (const customer of customers) {
      const { uploads } = await settle(thena.url, customer);
      const numbers = new Map<number, number>();
      expected.set(customer, numbers);
      for (const { uploadId: acknowledged, mayBecome = null, number, customer: of } of this.#sent) {
        const uploadId = acknowledged ?? (mayBecome !== null && uploads.has(mayBecome) ? mayBecome : null);
        if (of !== customer || uploadId === null) continue;
        const upload = uploads.get(uploadId);
        assert.ok(upload, `the acknowledged upload ${uploadId} is missing`);
        if (upload.status === 'failed') {
          assert.ok(upload.error.detail);
          failures.add(uploadId);
          continue;
        }
        assert.equal(upload.receipt.appended, ROWS);
        numbers.set(number, (numbers.get(number) ?? 0) + 1);
      }
      const known = new Set(this.#sent.flatMap(({ uploadId, mayBecome }) => [uploadId, mayBecome]));
      for (const { id, status } of uploads.values())
        assert.ok(known.has(id), `upload ${id} is ${status}, but was refused`);
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
      spooledUploads(this.#dataDir).filter((folder) => !failures.has(folder)),
      [],
      'the spool holds bytes that are no longer needed',
    );
    this.report.failures = failures.size;
  }

  async end(): Promise<void> {
    await this.#thena?.end('SIGKILL');
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** @returns whether there was such a call */
  async #faultAt({ of, calls, error, inChunks = false }: Fault, nth: number): Promise<boolean> {
    const thena = await this.#running();
    const created = `new${this.#customers++}`;
    if (this.#customers === 1) await this.#mustComplete(thena, 'existing', this.#files++);
    const pid = thena.child.pid as number;
    const target = of === 'engine' ? (childOf(pid) ?? pid) : pid;
    const threads = of === 'catalog' ? [pid] : of === 'spool' ? threadsOf(pid, 'libuv-worker') : [];
    const files = [created, 'existing'].map((customer) => ({ customer, number: this.#files++ }));
    const tampering = await tamper(target, `${calls}:error=${error}:when=${nth}`, {
      threads,
      once: true,
    });
    try {
      for (const { customer, number } of files) {
        const uploadId = await (inChunks
          ? this.#sendInChunks(thena, customer, number)
          : this.#send(thena, customer, number));
        if (uploadId !== null) await this.#ended(thena, uploadId);
      }
    } finally {
      await tampering.end();
    }
    const failed = tampering.failed();
    this.report.failed += failed;
    const description = `${calls} ${nth} of the ${of}: ${error}`;
    for (const { customer, number } of files) {
      await this.#mustComplete(await this.#running(), customer, number).catch((cause: Error) => {
        throw new Error(`after ${description}: ${cause.message}`, { cause });
      });
    }
    return failed > 0;
  }

  async #running(): Promise<ThenaProcess> {
    const { child } = this.#thena ?? {};
    if (this.#thena && child?.exitCode === null && child.signalCode === null) return this.#thena;
    if (child?.exitCode) this.report.deaths++;
    // With one file system thread, the number identifies a call.
    this.#thena = await startThenaProcess(this.#dataDir, [], { UV_THREADPOOL_SIZE: '1' });
    return this.#thena;
  }

  /** @returns the id of the upload if it was acknowledged */
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
      assert.deepEqual(open, [], 'a refused upload was not removed');
    }
    return uploadId;
  }

  /** As clients do after a failure, it asks for the offset and continues from there. */
  async #sendInChunks({ url }: ThenaProcess, customer: string, number: number): Promise<string | null> {
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
      assert.ok(asked.status === 200 || asked.status >= 500, `${path}, which was created, answers ${asked.status}`);
      if (asked.status !== 200) continue;
      const offset = Number(asked.headers.get('upload-offset'));
      assert.ok(offset >= acknowledged, `${path} has ${offset} bytes, but ${acknowledged} were acknowledged`);
      const chunk = bytes.subarray(offset, offset + Math.ceil(bytes.length / 3));
      const sum = createHash('sha1').update(chunk).digest('base64');
      const headers: Headers = number % 2 === 0 ? { 'upload-checksum': `sha1 ${sum}` } : {};
      const reply = await send(url + path, offset, chunk, headers).catch(() => null);
      if (reply?.status === 204) acknowledged = offset + chunk.length;
      else assert.ok(!reply || (reply.status >= 500 && reply.body.code), JSON.stringify(reply?.body));
    }
    const uploadId = acknowledged === bytes.length ? idOf(path) : null;
    this.#sent.push({ customer, number, uploadId, mayBecome: idOf(path) });
    if (uploadId === null) this.report.refused++;
    return uploadId;
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  async #ended(thena: ThenaProcess, uploadId: string): Promise<any> {
    const began = Date.now();
    for (;;) {
      const reply = await call(`${thena.url}/api/v1/uploads/${uploadId}`).catch(() => null);
      if (reply === null || reply.body.finished_at) return reply?.body;
      if (Date.now() - began > 60_000) throw new Error(`upload ${uploadId} has been ${reply.body.status} for a minute`);
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
}
