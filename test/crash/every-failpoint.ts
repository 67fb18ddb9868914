import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import type { Failpoint } from '../../src/failpoints.ts';
import { giveOldNames } from '../engine/old-table-file.ts';
import { ask, begin, send } from '../http/tus-requests.ts';
import { call, resultRows } from '../server.ts';
import { spooledUploads } from '../spooled-uploads.ts';
import { findTableFile } from '../table-file.ts';
import { type KillOrder, killOrderEnvironment, orderKill, wasCarriedOut } from './kill-order.ts';
import { csvOf, TEXT } from './senders.ts';
import { assertTotalRows, endedUploads, storedFiles, unfinished, whole } from './settled.ts';

/** A file that was sent, and what its client knows of it. */
interface Sent {
  readonly customer: string;
  readonly number: number;
  readonly rows: number;
  /** In each row. */
  readonly text: string;
  /** Whether it must be stored; null if no answer arrived, so that it may or may not be. */
  isStored: boolean | null;
}

const KEPT = 'ada';
const DELETED = 'grace';
/** Its columns are not declared, so that they can be widened. */
const WIDENED = 'hypatia';
/** More than the first segment holds, so that the load starts early. */
const MULTI_SEGMENT_ROWS = 100_000;
const BAD_ROW = 'never,0,0,x\n';
const COLUMNS = [
  { name: 'at', type: 'timestamp' },
  { name: 'file', type: 'integer' },
  { name: 'row', type: 'integer' },
  { name: 'text', type: 'text' },
];

/**
 * Has a real server do everything that it can do with uploads, until main, its engine or both are killed at one failpoint. Then
 * starts it again and compares what is stored with the answers that the clients got.
 *
 * @param order null to kill nothing
 * @returns the failpoints that were reached
 */
export async function killAtFailpoint(order: Omit<KillOrder, 'id'> | null): Promise<readonly Failpoint[]> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-failpoints-'));
  const work = new Work(folder);
  try {
    await work.begin();
    if (order) await work.arm(order);
    await work.doAll();
    if (order) await work.assertCarriedOut();
    await work.verify();
    const reached = work.reached();
    await work.end();
    rmSync(folder, { recursive: true });
    return reached;
  } catch (error) {
    // The folder is kept for inspection.
    const message = `${order?.victim ?? 'nothing'} at ${order?.failpoint}, in ${folder}: ${(error as Error).message}`;
    throw new Error(message, { cause: error });
  } finally {
    await work.end();
  }
}

class Work {
  readonly #dataDir: string;
  readonly #orderFile: string;
  readonly #reachedFile: string;
  readonly #sent: Sent[] = [];
  #thena: ThenaProcess | null = null;
  /** Null if its deletion was requested, but no answer arrived. */
  #isDeleted: boolean | null = false;

  constructor(folder: string) {
    this.#dataDir = join(folder, 'data');
    this.#orderFile = join(folder, 'order');
    this.#reachedFile = join(folder, 'reached');
  }

  async begin(): Promise<void> {
    const { url } = await this.#start();
    for (const customer of [KEPT, DELETED]) {
      const { status } = await call(`${url}/api/v1/customers`, { json: { customer_id: customer, columns: COLUMNS } });
      assert.equal(status, 201);
    }
  }

  /** For a failpoint at startup, the server is killed first with something to recover: an early load. */
  async arm(order: Omit<KillOrder, 'id'>): Promise<void> {
    if (AT_START.includes(order.failpoint)) {
      orderKill(this.#orderFile, { failpoint: 'claimed_early', nth: 1, victim: 'main' });
      await this.#upload(KEPT, MULTI_SEGMENT_ROWS).catch(() => undefined);
      await this.assertCarriedOut();
    }
    orderKill(this.#orderFile, order);
  }

  async assertCarriedOut(): Promise<void> {
    assert.ok(wasCarriedOut(this.#orderFile), 'the failpoint was not reached');
  }

  /** Does one kind of work after the other. If the server dies during one, it is started again for the next. */
  async doAll(): Promise<void> {
    for (const work of [
      () => this.#upload(KEPT, 10),
      () => this.#upload(KEPT, MULTI_SEGMENT_ROWS),
      () => this.#upload(KEPT, 10, 'skip'),
      () => this.#failAndRetry(),
      () => this.#uploadInChunks(),
      () => this.#cancel(),
      () => this.#undo(),
      () => this.#widen(),
      () => this.#uploadToOldTable(),
      () => this.#upload(DELETED, 10),
      () => this.#delete(),
    ]) {
      await this.#running();
      await work().catch((error: Error) => {
        // The connection broke because the server was killed.
        if (error instanceof assert.AssertionError) throw error;
      });
    }
  }

  reached(): readonly Failpoint[] {
    return [...new Set(readFileSync(this.#reachedFile, 'utf8').trim().split('\n'))] as Failpoint[];
  }

  async end(): Promise<void> {
    await this.#thena?.end('SIGKILL');
  }

  /** Kills the server, starts it again, and compares what it holds with all the answers it gave. */
  async verify(): Promise<void> {
    await this.#thena?.end('SIGKILL');
    const { url } = await this.#running();
    const failures = new Set<string>();
    for (const customer of [KEPT, DELETED, WIDENED]) {
      for (const { id, status, error } of await endedUploads(url, customer)) {
        if (status !== 'failed') continue;
        failures.add(id);
        assert.equal(error.code, 'rows_rejected', `${id} of ${customer} failed: ${error.detail}`);
      }
    }
    // A deletion without an answer was either completed or never started.
    if (this.#isDeleted === null) this.#isDeleted = (await call(`${url}/api/v1/customers/${DELETED}`)).status === 404;
    const wanted = this.#sent.filter(({ customer }) => customer !== DELETED || !this.#isDeleted);
    await this.#thena?.end('SIGTERM');
    const visible = new Map<string, number>();
    const kept: Sent[] = [];
    for (const customer of [KEPT, DELETED, WIDENED]) {
      const stored = new Map(await storedFiles(this.#dataDir, customer));
      for (const file of wanted.filter((each) => each.customer === customer)) {
        const { number, rows, isStored } = file;
        const found = stored.get(number);
        if (isStored !== null)
          assert.equal(found !== undefined, isStored, `whether file ${number} of ${customer} is stored`);
        if (!found) continue;
        assert.deepEqual(found, whole(rows), `file ${number} of ${customer} is not stored exactly once`);
        stored.delete(number);
        kept.push(file);
        visible.set(customer, (visible.get(customer) ?? 0) + rows);
      }
      if (customer !== DELETED || !this.#isDeleted)
        assert.deepEqual([...stored], [], `${customer} has rows of no file`);
    }
    const again = (await this.#running()).url;
    for (const customer of [KEPT, DELETED, WIDENED]) await assertTotalRows(again, customer, visible.get(customer) ?? 0);
    const values = kept.filter(({ customer }) => customer === WIDENED);
    if (values.length > 0) {
      const query = { measures: [{ fn: 'sum', column: 'text' }] };
      const sum = values.reduce((all, { rows, text }) => all + rows * Number(text), 0);
      assert.deepEqual(await resultRows(again, WIDENED, query), [[sum]]);
    }
    assert.deepEqual(
      spooledUploads(this.#dataDir).filter((name) => !failures.has(name)),
      [],
      'the spool holds bytes that are no longer needed',
    );
    for (const id of unfinished(this.#dataDir)) {
      const { headers } = await ask(`${again}/api/v1/tus/${id}`);
      assert.notEqual(headers.get('upload-offset'), headers.get('upload-length'), 'a whole file is still waiting');
    }
  }

  async #upload(customer: string, rows: number, onError = 'abort', text = TEXT): Promise<void> {
    const file = this.#next(customer, rows, text);
    const bad = onError === 'skip' ? BAD_ROW : '';
    const csv = csvOf(file.number, rows).replaceAll(TEXT, text) + bad;
    const { status, body } = await this.#put(customer, csv, `on_error=${onError}`);
    if (status === 202) file.isStored = true;
    if (status >= 400 && status < 500) assert.fail(`a valid file was refused: ${JSON.stringify(body)}`);
    await this.#ended(body.id);
  }

  async #failAndRetry(): Promise<void> {
    const file = this.#next(KEPT, 10);
    const { body } = await this.#put(KEPT, csvOf(file.number, 10) + BAD_ROW);
    file.isStored = false;
    await this.#ended(body.id);
    file.isStored = null;
    const { url } = await this.#running();
    const retried = await call(`${url}/api/v1/uploads/${body.id}/retry?on_error=skip`, { method: 'POST' });
    file.isStored = retried.status === 202;
    await this.#ended(retried.body.id);
  }

  async #uploadInChunks(): Promise<void> {
    const file = this.#next(KEPT, 1_000);
    const bytes = Buffer.from(csvOf(file.number, 1_000));
    const { url } = await this.#running();
    const { headers } = await begin(url, bytes.length, { customer_id: KEPT });
    const path = headers.get('location');
    file.isStored = null;
    for (let offset = 0; offset < bytes.length; ) {
      // As clients do, it asks for the offset and continues from there.
      const address = `${(await this.#running()).url}${path}`;
      const { status, headers: found } = await ask(address).catch(() => ({ status: 0, headers: new Headers() }));
      if (status === 0) continue;
      assert.equal(status, 200, 'a resumable file that was created is missing');
      const kept = Number(found.get('upload-offset'));
      assert.ok(kept >= offset, `only ${kept} of ${offset} acknowledged bytes are stored`);
      const chunk = bytes.subarray(kept, kept + 40_000);
      offset = await send(address, kept, chunk).then(
        (reply) => (reply.status === 204 ? kept + chunk.length : kept),
        () => kept,
      );
    }
    file.isStored = true;
    await this.#ended(path?.split('/').at(-1) ?? '');
  }

  async #cancel(): Promise<void> {
    const { url } = await this.#running();
    const { headers } = await begin(url, 100, { customer_id: KEPT });
    const id = headers.get('location')?.split('/').at(-1);
    await send(`${url}/api/v1/tus/${id}`, 0, Buffer.from('at,file\n'));
    const { status } = await call(`${url}/api/v1/uploads/${id}`, { method: 'DELETE' });
    assert.equal(status, 200);
    assert.equal((await ask(`${url}/api/v1/tus/${id}`)).status, 404);
  }

  async #undo(): Promise<void> {
    const file = this.#next(KEPT, 10);
    const { status, body } = await this.#put(KEPT, csvOf(file.number, 10));
    if (status === 202) file.isStored = true;
    await this.#ended(body.id);
    file.isStored = null;
    const { url } = await this.#running();
    const undone = await call(`${url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
    assert.equal(undone.status, 200, JSON.stringify(undone.body));
    file.isStored = false;
  }

  async #widen(): Promise<void> {
    await this.#upload(WIDENED, 10, 'abort', '3');
    await this.#upload(WIDENED, 10, 'abort', '0.25');
  }

  /** Uploads to a table that an earlier version of Thena left behind. */
  async #uploadToOldTable(): Promise<void> {
    await this.#thena?.end('SIGTERM');
    const path = findTableFile(this.#dataDir, KEPT);
    const names = COLUMNS.map(({ name }) => name);
    if (path !== null && existsSync(path)) await giveOldNames(path, names);
    await this.#upload(KEPT, 10);
  }

  async #delete(): Promise<void> {
    const { url } = await this.#running();
    this.#isDeleted = null;
    const { status, body } = await call(`${url}/api/v1/customers/${DELETED}`, { method: 'DELETE' });
    if (status < 500) assert.equal(status, 204, JSON.stringify(body));
    this.#isDeleted = status === 204 ? true : null;
  }

  #next(customer: string, rows: number, text = TEXT): Sent {
    const file: Sent = { customer, number: this.#sent.length, rows, text, isStored: null };
    this.#sent.push(file);
    return file;
  }

  async #put(customer: string, body: string, query = '') {
    const { url } = await this.#running();
    return call(`${url}/api/v1/customers/${customer}/uploads?${query}`, { method: 'PUT', body });
  }

  /** Waits until the upload has ended, and starts the server again if that is needed. */
  async #ended(id: string): Promise<void> {
    for (;;) {
      const { url } = await this.#running();
      const { body } = await call(`${url}/api/v1/uploads/${id}`).catch(() => ({ body: { finished_at: null } }));
      if (body.finished_at !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #running(): Promise<ThenaProcess> {
    const thena = this.#thena;
    return thena && thena.child.exitCode === null && thena.child.signalCode === null ? thena : this.#start();
  }

  async #start(): Promise<ThenaProcess> {
    for (let tries = 0; ; tries++) {
      try {
        this.#thena = await startThenaProcess(
          this.#dataDir,
          [],
          killOrderEnvironment(this.#orderFile, this.#reachedFile),
        );
        return this.#thena;
      } catch (error) {
        // It was killed during its start.
        if (tries > 1) throw error;
      }
    }
  }
}

const AT_START: readonly Failpoint[] = ['leases_released', 'unacknowledged_deleted'];
